import { autoincrement, createdAt, type Database, id, references, system, table } from 'ashlar';
import type { SqlName } from 'ashlar/extend';
import { audited, auditTrail, lifecycle, scoped } from 'ashlar/guarantees';
import { z } from 'zod';
import { tables as guaranteed, people } from './every-guarantee.js';

const log = auditTrail('log');
const tasks = table(
  'tasks',
  {
    id: autoincrement(),
    status: z.enum(['open', 'done', 'dropped']),
    note: z.string().min(1),
    created_at: createdAt({ precision: 6 }),
  },
  (c) => [lifecycle(c.status, { open: ['done', 'dropped'] }, { initial: 'open' }), audited({ into: log })],
);
/** Rows in a scope to which no foreign key leads. */
const marks = table('marks', { id: id(), client_id: z.uuid(), folder_id: z.uuid().nullable() }, (c) => [
  references(c.folder_id, guaranteed.folders.columns.id),
  scoped(c.client_id),
]);
const labels = table('labels', { id: id(), tenant: z.string() }, (c) => [scoped(c.tenant)]);

/** A system with every guarantee. */
export const every = system('every', {
  tables: { ...guaranteed, log, tasks, marks, labels },
  migrations: new URL('file:///nowhere/'),
});

const [ann, bob] = people;
export const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [root, child, first, second, letter, mark] = [21, 22, 31, 32, 41, 51].map(uuid) as [
  string,
  string,
  string,
  string,
  string,
  string,
];

/** Writes sound rows of each table, in sessions. */
export const writeAll = async (db: Database<typeof every.tables>): Promise<void> => {
  const { clients, dossiers, letters, visits, folders } = every.tables;
  for (const scope of people)
    await db.session({ actor: 'user:7', scope }, async (s) => {
      const own = (id: string): string => (scope === ann ? id : id.replace('-7000-', '-7001-'));
      await s.insert(clients, { id: scope, email: `${scope}@example.org`, status: 'invited' });
      await s.update(clients, scope, { status: 'active' });
      await s.insert(dossiers, { id: own(first), client_id: scope, code: `d-${scope}`, title: 'a will' });
      await s.insert(dossiers, {
        id: own(second),
        client_id: scope,
        code: `d-${scope}`,
        title: 'another will',
        version: 2,
        previous_id: own(first),
      });
      await s.insert(letters, { id: own(letter), client_id: scope, body: 'one', note: 'between us' });
      await s.insert(letters, { client_id: scope, body: 'two', note: null });
      await s.insert(visits, { client_id: scope, path: '/' });
      await s.insert(folders, { id: own(root), client_id: scope, name: 'all' });
      await s.insert(folders, { id: own(child), client_id: scope, parent_id: own(root), name: 'some' });
      await s.insert(marks, { id: own(mark), client_id: scope, folder_id: own(root) });
      await s.insert(labels, { id: own(uuid(61)), tenant: scope });
    });
  await db.session({ actor: 'user:7', scope: ann }, async (s) => {
    for (const note of ['a', 'b', 'c']) await s.insert(tasks, { status: 'open', note });
    await s.update(tasks, 1, { note: 'aa' });
    await s.update(tasks, 1, { status: 'done' });
    await s.delete(tasks, 3);
  });
};

/** A bad row that the owner writes while nothing refuses it. */
export interface Plant {
  readonly name: string;
  readonly only?: SqlName;
  readonly sql: (dialect: SqlName) => readonly string[];
  /** The check that must name the row. */
  readonly of: string;
  readonly guarantee: string;
  readonly what: RegExp;
  readonly key: RegExp;
  /** Other checks that may find something too, as `table, guarantee`. */
  readonly also?: readonly string[];
}

const hex = (dialect: SqlName, bytes: string): string =>
  dialect === 'sqlite' ? `x'${bytes}'` : `'\\x${bytes}'`;
const dropping = (dialect: SqlName, of: string, constraint: string): readonly string[] =>
  dialect === 'postgres' ? [`ALTER TABLE ${of} DROP CONSTRAINT ${constraint}`] : [];
const is = (key: string): RegExp => new RegExp(`^${key}$`);
const line = /^\d+$/;

export const plants: readonly Plant[] = [
  {
    name: 'an orphan',
    sql: () => [`UPDATE folders SET parent_id = '${uuid(99)}' WHERE id = '${child}'`],
    of: 'folders',
    guarantee: 'declaration',
    what: /^refers to no row of folders \(/,
    key: is(child),
    also: ['folders, audited'],
  },
  {
    name: 'a row that breaks a CHECK',
    sql: (dialect) => [
      ...dropping(dialect, 'folders', 'folders_name_check'),
      `UPDATE folders SET name = '' WHERE id = '${child}'`,
    ],
    of: 'folders',
    guarantee: 'declaration',
    what: /^breaks the CHECK folders_name_check$/,
    key: is(child),
    also: ['folders, audited'],
  },
  {
    name: 'a required value that is missing',
    only: 'postgres',
    sql: () => [
      'ALTER TABLE folders ALTER COLUMN name DROP NOT NULL',
      `UPDATE folders SET name = NULL WHERE id = '${child}'`,
    ],
    of: 'folders',
    guarantee: 'declaration',
    what: /^has no name$/,
    key: is(child),
    also: ['folders, audited'],
  },
  {
    name: 'a second current version',
    sql: () => [`UPDATE dossiers SET is_current = true WHERE id = '${first}'`],
    of: 'dossiers',
    guarantee: 'versioned',
    what: /^is a second current version of its key$/,
    key: is(first),
    also: ['dossiers, versioned', 'dossiers, audited'],
  },
  {
    name: 'a version that follows a version of another key',
    sql: () =>
      [
        `UPDATE dossiers SET previous_id = '${first.replace('-7000-', '-7001-')}' WHERE id = '${second}'`,
      ].flatMap((sql) => [
        `UPDATE dossiers SET previous_id = NULL WHERE id = '${second.replace('-7000-', '-7001-')}'`,
        sql,
      ]),
    of: 'dossiers',
    guarantee: 'versioned',
    what: /^does not follow the version before it$/,
    key: is(second),
    also: ['dossiers, versioned', 'dossiers, audited', 'dossiers, scoped'],
  },
  {
    name: 'a chain that lost its first version',
    sql: () => [`UPDATE dossiers SET previous_id = NULL WHERE id = '${second}'`],
    of: 'dossiers',
    guarantee: 'versioned',
    what: /^is the first of its chain, and has another number than 1$/,
    key: is(second),
    also: ['dossiers, versioned', 'dossiers, audited'],
  },
  {
    name: 'no current version',
    sql: () => [`UPDATE dossiers SET is_current = false WHERE id = '${second}'`],
    of: 'dossiers',
    guarantee: 'versioned',
    what: /^is not current, and no version follows it$/,
    key: is(second),
    also: ['dossiers, audited'],
  },
  {
    name: 'a cycle',
    sql: () => [`UPDATE folders SET parent_id = '${child}' WHERE id = '${root}'`],
    of: 'folders',
    guarantee: 'acyclic',
    what: /^is its own ancestor$/,
    key: is(child),
    also: ['folders, audited'],
  },
  {
    name: 'a status that is not declared',
    sql: (dialect) => [
      ...dropping(dialect, 'clients', 'clients_status_check'),
      `UPDATE clients SET status = 'lost' WHERE id = '${ann}'`,
    ],
    of: 'clients',
    guarantee: 'lifecycle',
    what: /^has a status to which no path leads$/,
    key: is(ann),
    also: ['clients, audited', 'clients, declaration'],
  },
  {
    name: 'a status that no path reaches from the recorded one',
    sql: (dialect) => [
      dialect === 'sqlite'
        ? `UPDATE log SET after = json_set(after, '$.status', 'dropped') WHERE operation = 'insert' AND json_extract(row_key, '$.id') = 2`
        : `UPDATE log SET after = jsonb_set(after, '{status}', '"dropped"') WHERE operation = 'insert' AND row_key ->> 'id' = '2'`,
    ],
    of: 'tasks',
    guarantee: 'lifecycle',
    what: /^has a status to which no path leads$/,
    key: is('2'),
    also: ['tasks, audited', 'tasks, lifecycle'],
  },
  {
    name: 'a row that was edited past its trail',
    sql: () => [`UPDATE folders SET name = 'other' WHERE id = '${child}'`],
    of: 'folders',
    guarantee: 'audited',
    what: /^differs from what trail recorded last$/,
    key: is(child),
  },
  {
    name: 'a row that its trail says is deleted',
    sql: () => [`INSERT INTO tasks (id, status, note) ${'OVERRIDING SYSTEM VALUE'} VALUES (3, 'open', 'c')`],
    only: 'postgres',
    of: 'tasks',
    guarantee: 'audited',
    what: /^exists, although log says that it was deleted$/,
    key: is('3'),
  },
  {
    name: 'a row that its trail says is deleted (SQLite)',
    sql: () => [`INSERT INTO tasks (id, status, note) VALUES (3, 'open', 'c')`],
    only: 'sqlite',
    of: 'tasks',
    guarantee: 'audited',
    what: /^exists, although log says that it was deleted$/,
    key: is('3'),
  },
  {
    name: 'a row without a line',
    sql: () => [`INSERT INTO tasks (status, note) VALUES ('open', 'd')`],
    of: 'tasks',
    guarantee: 'audited',
    what: /^has no line in log, although the trail is older$/,
    key: line,
  },
  {
    name: 'a row that was deleted past its trail',
    sql: () => [`DELETE FROM tasks WHERE id = 2`],
    of: 'log',
    guarantee: 'audited',
    what: /^is the last one of a row of tasks that is gone$/,
    key: line,
  },
  {
    name: 'a line that is missing between two',
    sql: (dialect) => [
      dialect === 'sqlite'
        ? `DELETE FROM log WHERE id = (SELECT min(id) FROM log WHERE operation = 'update' AND json_extract(row_key, '$.id') = 1)`
        : `DELETE FROM log WHERE id = (SELECT min(id) FROM log WHERE operation = 'update' AND row_key ->> 'id' = '1')`,
    ],
    of: 'log',
    guarantee: 'audited',
    what: /^does not follow from the line before it of the same row of tasks$/,
    key: line,
  },
  {
    name: 'a line whose key no row can have',
    sql: (dialect) => [
      `UPDATE trail SET row_key = ${dialect === 'sqlite' ? `'{"id":"no uuid"}'` : `'{"id": "no uuid"}'`} WHERE table_name = 'folders' AND id = (SELECT max(id) FROM trail WHERE table_name = 'folders')`,
    ],
    of: 'trail',
    guarantee: 'audited',
    what: /is the last one of a row of folders that is gone/,
    key: line,
    also: ['trail, audited'],
  },
  {
    name: 'a value that is no ciphertext',
    sql: (dialect) => [
      ...dropping(dialect, 'dossiers', 'dossiers_title_check'),
      `UPDATE dossiers SET title = ${hex(dialect, '00'.repeat(60))} WHERE id = '${second}'`,
    ],
    of: 'dossiers',
    guarantee: 'encrypted',
    what: /^has no valid ciphertext in title$/,
    key: is(second),
    also: ['dossiers, audited', 'dossiers, declaration'],
  },
  {
    name: 'a ciphertext under a key that does not exist',
    sql: (dialect) => [
      `UPDATE dossiers SET title = ${hex(dialect, `0100000009${'ab'.repeat(60)}`)} WHERE id = '${second}'`,
    ],
    of: 'dossiers',
    guarantee: 'encrypted',
    what: /^has a ciphertext in title under no data key of its scope in data_keys$/,
    key: is(second),
    also: ['dossiers, audited'],
  },
  {
    name: 'a blind index that is missing',
    sql: () => [`UPDATE clients SET email_index = NULL WHERE id = '${bob}'`],
    of: 'clients',
    guarantee: 'encrypted',
    what: /^has email_index without email, or the reverse$/,
    key: is(bob),
    also: ['clients, audited'],
  },
  {
    name: 'a data key of another length',
    sql: (dialect) => [`UPDATE data_keys SET wrapped = ${hex(dialect, '01ff')} WHERE scope = '${ann}'`],
    of: 'data_keys',
    guarantee: 'keyring',
    what: /^is no wrapped key$/,
    key: is(JSON.stringify([ann, '1']).replaceAll(/[[\]]/g, '\\$&')),
    also: ['data_keys, audited'],
  },
  {
    name: 'a data key without the one before it',
    sql: () => [`UPDATE data_keys SET version = 2 WHERE scope = '${ann}'`],
    of: 'data_keys',
    guarantee: 'keyring',
    what: /^has no key before it$/,
    key: /"2"\]$/,
    also: [
      ...['data_keys, audited', 'trail, audited'],
      ...['clients', 'dossiers', 'letters'].map((of) => `${of}, encrypted`),
    ],
  },
  {
    name: 'a row whose scope does not exist',
    sql: () => [`UPDATE marks SET client_id = '${uuid(98)}', folder_id = NULL WHERE id = '${mark}'`],
    of: 'marks',
    guarantee: 'scoped',
    what: /^has a scope that is no row of clients$/,
    key: is(mark),
  },
  {
    name: 'a row that refers to a row of another scope',
    sql: () => [`UPDATE marks SET folder_id = '${root.replace('-7000-', '-7001-')}' WHERE id = '${mark}'`],
    of: 'marks',
    guarantee: 'scoped',
    what: /^belongs to another scope than the row of folders to which it refers/,
    key: is(mark),
  },
  {
    name: 'a row in the scope of every session',
    sql: () => [`UPDATE labels SET tenant = '*' WHERE id = '${uuid(61)}'`],
    of: 'labels',
    guarantee: 'scoped',
    what: /^has the scope of no session$/,
    key: is(uuid(61)),
  },
  {
    name: 'a row without an entry',
    sql: () => [`INSERT INTO letters (id, client_id, body) VALUES ('${uuid(97)}', '${ann}', 'smuggled')`],
    of: 'letters',
    guarantee: 'ledgered',
    what: /^has no leaf in its ledger$/,
    key: is(uuid(97)),
  },
  {
    name: 'a row that is kept too long',
    sql: () => [`UPDATE letters SET at = '2999-01-01T00:00:00.000000Z' WHERE id = '${letter}'`],
    of: 'letters',
    guarantee: 'retained',
    what: /^has a at in the future$/,
    key: is(letter),
    also: ['letters, audited'],
  },
];
