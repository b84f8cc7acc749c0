import { randomUUID } from 'node:crypto';
import {
  check,
  ciphertext,
  createdAt,
  type ErrorFacts,
  id,
  index,
  references,
  type Session,
  type Table,
  table,
  unique,
} from 'ashlar';
import {
  acyclic,
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  ledgered,
  lifecycle,
  retained,
  scoped,
  versioned,
} from 'ashlar/guarantees';
import { sql } from 'kysely';
import { z } from 'zod';

/** Users with keys of every kind. */
const users = table(
  'users',
  {
    id: id(),
    email: z.string(),
    org: z.string(),
    nick: z.string().nullable(),
    handle: z.string(),
    low: z.int(),
    high: z.int(),
    kind: z.enum(['person', 'robot']),
  },
  (c) => [
    unique(c.email),
    unique(c.org, c.nick, { name: 'users_nick_key', nullsNotDistinct: true }),
    index(c.low, c.high, { unique: true, name: 'users_span_idx' }),
    // two keys of one column: only the name tells them apart
    index(c.handle, { unique: true, name: 'users_person_idx', where: "kind = 'person'" }),
    index(c.handle, { unique: true, name: 'users_robot_idx', where: "kind = 'robot'" }),
    check('users_span', 'low <= high'),
  ],
);

/** Rows that go with their user. */
const notes = table('notes', { id: id(), user_id: z.uuid(), body: z.string() }, (c) => [
  references(c.user_id, users.columns.id, { onDelete: 'cascade' }),
  // the name of a CHECK of users
  check('users_span', "body <> 'refused'"),
]);

/** Rows that keep their note, and with it the user of the note. */
const pins = table('pins', { id: id(), note_id: z.uuid() }, (c) => [
  references(c.note_id, notes.columns.id, { name: 'pins_note' }),
]);

/** Rows that refer to a key that may change. */
const mails = table('mails', { id: id(), address: z.string() }, (c) => [
  references(c.address, users.columns.email),
]);

const folders = table('folders', { id: id(), parent_id: z.uuid().nullable() }, (c) => [
  references(c.parent_id, c.id),
  acyclic(c.parent_id),
]);

const events = table('events', { id: id(), code: z.string(), what: z.string() }, (c) => [
  unique(c.code),
  appendOnly(),
]);

const jobs = table(
  'jobs',
  { id: id(), status: z.enum(['waiting', 'running', 'done']), created_at: createdAt() },
  (c) => [
    lifecycle(c.status, { waiting: ['running'], running: ['done'] }, { initial: 'waiting' }),
    retained(c.created_at, { for: { years: 5 }, reason: 'the law' }),
  ],
);

const trail = auditTrail('trail');
const audits = table('audits', { id: id(), what: z.string() }, () => [audited({ into: trail })]);

const papers = table('papers', { id: id(), client: z.string(), body: z.string() }, (c) => [scoped(c.client)]);

const rules = table(
  'rules',
  {
    id: id(),
    code: z.string(),
    version: z.int32().min(1).default(1),
    is_current: z.boolean().default(true),
    previous_id: z.uuid().nullable(),
    body: z.string(),
  },
  (c) => [
    references(c.previous_id, c.id),
    versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_id }),
  ],
);

const dataKeys = keyring('data_keys');
const secrets = table(
  'secrets',
  { id: id(), client: z.string(), body: ciphertext(z.string()), note: z.string() },
  (c) => [encrypted({ scope: c.client, keys: dataKeys })],
);

const deeds = table('deeds', { id: id(), what: z.string() }, () => [appendOnly(), ledgered()]);
/** Tables whose rows can violate each kind of constraint, and each guarantee. */
export const tables = {
  users,
  notes,
  pins,
  mails,
  folders,
  events,
  jobs,
  trail,
  audits,
  papers,
  rules,
  dataKeys,
  secrets,
  deeds,
};

type S = Session<typeof tables>;
type Values = Readonly<Record<string, unknown>>;

/** A text that occurs nowhere else. */
export const text = (): string => `value-${randomUUID()}`;

/** One cause of an error, the statement that has it, and the facts that every engine gives. */
export interface Cause {
  readonly name: string;
  readonly statement: 'insert' | 'update' | 'delete';
  readonly of: Table;
  /** The scope of the session. */
  readonly scope?: string;
  /** Whether Zod refuses the value before the database can. */
  readonly rawOnly?: true;
  /** Prepares the database. @returns the row to write, or the key of the one to delete */
  readonly prepare: (s: S) => Promise<Values>;
  readonly code: string;
  readonly facts: ErrorFacts;
}

const user = (given: Values = {}) => {
  const low = Math.floor(Math.random() * 1e9);
  const texts = { email: text(), org: text(), nick: text(), handle: text() };
  return { id: randomUUID(), ...texts, low, high: low + 5, kind: 'person' as const, ...given };
};
const aUser = (s: S, given: Values = {}) => s.insert(users, user(given));
const aNote = async (s: S) => s.insert(notes, { user_id: (await aUser(s)).id, body: text() });
const aRule = (s: S) => s.insert(rules, { code: text(), body: text() });
const aDeed = (s: S) => s.insert(deeds, { what: text() });
// a row that no key of this test encrypts
const aSecret = async (s: S) => {
  const row = { id: randomUUID(), client: text() };
  await sql`INSERT INTO secrets VALUES (${row.id}, ${row.client}, ${Buffer.alloc(60, 1)}, 'n')`.execute(
    s.query,
  );
  return row;
};
const anEvent = (s: S) => s.insert(events, { code: text(), what: text() });

const uniqueKey = (of: Table, constraint: string, ...columns: string[]) =>
  ({ of, code: 'unique-violation', facts: { table: of.name, columns, constraint } }) as const;
const foreignKey = (declaring: Table, constraint: string, ...columns: string[]) =>
  ({ code: 'foreign-key-violation', facts: { table: declaring.name, columns, constraint } }) as const;
const guarantee = (of: Table, name: string, ...columns: string[]) =>
  ({
    of,
    code: 'guarantee-violated',
    facts: { table: of.name, guarantee: name, ...(columns.length > 0 ? { columns } : {}) },
  }) as const;

export const causes: readonly Cause[] = [
  {
    name: 'a primary key',
    statement: 'insert',
    prepare: async (s) => user({ id: (await aUser(s)).id }),
    ...uniqueKey(users, 'users_pkey', 'id'),
  },
  {
    name: 'a unique key',
    statement: 'insert',
    prepare: async (s) => user({ email: (await aUser(s)).email }),
    ...uniqueKey(users, 'users_email_key', 'email'),
  },
  {
    name: 'a unique key of an update',
    statement: 'update',
    prepare: async (s) => ({ id: (await aUser(s)).id, email: (await aUser(s)).email }),
    ...uniqueKey(users, 'users_email_key', 'email'),
  },
  {
    name: 'a key of two columns in which NULLs are equal',
    statement: 'insert',
    prepare: async (s) => user({ org: (await aUser(s, { nick: null })).org, nick: null }),
    ...uniqueKey(users, 'users_nick_key', 'org', 'nick'),
  },
  {
    name: 'a unique index',
    statement: 'insert',
    prepare: async (s) => {
      const { low, high } = await aUser(s);
      return user({ low, high });
    },
    ...uniqueKey(users, 'users_span_idx', 'low', 'high'),
  },
  {
    name: 'the first of two partial indexes of one column',
    statement: 'insert',
    prepare: async (s) => user({ handle: (await aUser(s)).handle }),
    ...uniqueKey(users, 'users_person_idx', 'handle'),
  },
  {
    name: 'the second of two partial indexes of one column',
    statement: 'insert',
    prepare: async (s) => user({ kind: 'robot', handle: (await aUser(s, { kind: 'robot' })).handle }),
    ...uniqueKey(users, 'users_robot_idx', 'handle'),
  },
  {
    name: 'a key of a table whose guarantee refuses the row first',
    statement: 'insert',
    prepare: async (s) => ({ id: randomUUID(), code: (await anEvent(s)).code, what: text() }),
    ...uniqueKey(events, 'events_code_key', 'code'),
  },
  {
    name: 'the primary key of such a table',
    statement: 'insert',
    prepare: async (s) => ({ id: (await anEvent(s)).id, code: text(), what: text() }),
    ...uniqueKey(events, 'events_pkey', 'id'),
  },
  {
    name: 'a missing row',
    statement: 'insert',
    of: notes,
    prepare: async () => ({ id: randomUUID(), user_id: randomUUID(), body: text() }),
    ...foreignKey(notes, 'notes_user_id_fkey', 'user_id'),
  },
  {
    name: 'a missing row of an update',
    statement: 'update',
    of: notes,
    prepare: async (s) => ({ id: (await aNote(s)).id, user_id: randomUUID() }),
    ...foreignKey(notes, 'notes_user_id_fkey', 'user_id'),
  },
  {
    name: 'a row that a row of the same table refers to',
    statement: 'delete',
    of: folders,
    prepare: async (s) => {
      const { id: parent_id } = await s.insert(folders, {});
      await s.insert(folders, { parent_id });
      return { id: parent_id };
    },
    ...foreignKey(folders, 'folders_parent_id_fkey', 'parent_id'),
  },
  {
    name: 'a row that a row below a cascade refers to',
    statement: 'delete',
    of: users,
    prepare: async (s) => {
      const note = await aNote(s);
      await s.insert(pins, { note_id: note.id });
      return { id: note.user_id };
    },
    ...foreignKey(pins, 'pins_note', 'note_id'),
  },
  {
    name: 'a key that another row refers to',
    statement: 'update',
    of: users,
    prepare: async (s) => {
      const row = await aUser(s);
      await s.insert(mails, { address: row.email });
      return { id: row.id, email: text() };
    },
    ...foreignKey(mails, 'mails_address_fkey', 'address'),
  },
  {
    name: 'a CHECK of a table',
    statement: 'insert',
    of: users,
    prepare: async () => user({ low: 9, high: 1 }),
    code: 'check-violation',
    facts: { table: 'users', columns: ['low', 'high'], constraint: 'users_span' },
  },
  {
    name: 'a CHECK that another table has by the same name',
    statement: 'insert',
    of: notes,
    prepare: async (s) => ({ id: randomUUID(), user_id: (await aUser(s)).id, body: 'refused' }),
    code: 'check-violation',
    facts: { table: 'notes', columns: ['body'], constraint: 'users_span' },
  },
  {
    name: 'a CHECK of a column',
    statement: 'insert',
    of: users,
    rawOnly: true,
    prepare: async () => user({ kind: text() }),
    code: 'check-violation',
    facts: { table: 'users', columns: ['kind'], constraint: 'users_kind_check' },
  },
  {
    name: 'a required column',
    statement: 'insert',
    of: users,
    rawOnly: true,
    prepare: async () => user({ email: null }),
    code: 'not-null-violation',
    facts: { table: 'users', columns: ['email'] },
  },
  {
    name: 'a required column of an update',
    statement: 'update',
    of: users,
    rawOnly: true,
    prepare: async (s) => ({ id: (await aUser(s)).id, email: null }),
    code: 'not-null-violation',
    facts: { table: 'users', columns: ['email'] },
  },
  {
    name: 'rows that never change',
    statement: 'update',
    prepare: async (s) => ({ id: (await anEvent(s)).id, what: text() }),
    ...guarantee(events, 'append-only'),
  },
  {
    name: 'rows that are kept',
    statement: 'delete',
    prepare: async (s) => ({ id: (await s.insert(jobs, { status: 'waiting' })).id }),
    ...guarantee(jobs, 'retained', 'created_at'),
  },
  {
    name: 'a transition that is not declared',
    statement: 'update',
    prepare: async (s) => ({ id: (await s.insert(jobs, { status: 'waiting' })).id, status: 'done' }),
    ...guarantee(jobs, 'lifecycle', 'status'),
  },
  {
    name: 'a status that is not declared',
    statement: 'insert',
    rawOnly: true,
    prepare: async () => ({ id: randomUUID(), status: text() }),
    ...guarantee(jobs, 'lifecycle', 'status'),
  },
  {
    name: 'a row that is its own ancestor',
    statement: 'update',
    prepare: async (s) => {
      const { id: itself } = await s.insert(folders, {});
      return { id: itself, parent_id: itself };
    },
    ...guarantee(folders, 'acyclic', 'parent_id'),
  },
  {
    name: 'a row of another scope',
    statement: 'insert',
    scope: 'a',
    prepare: async () => ({ id: randomUUID(), client: 'b', body: text() }),
    ...guarantee(papers, 'scoped', 'client'),
  },
  {
    name: 'a row that moves to another scope',
    statement: 'update',
    scope: 'a',
    prepare: async (s) => ({ id: (await s.insert(papers, { client: 'a', body: text() })).id, client: 'b' }),
    ...guarantee(papers, 'scoped', 'client'),
  },
  {
    name: 'a first version with another number',
    statement: 'insert',
    prepare: async () => ({ id: randomUUID(), code: text(), version: 2, is_current: true, body: text() }),
    ...guarantee(rules, 'versioned', 'code'),
  },
  {
    name: 'a version that changes',
    statement: 'update',
    prepare: async (s) => ({ id: (await aRule(s)).id, body: text() }),
    ...guarantee(rules, 'versioned', 'code'),
  },
  {
    name: 'a version that is deleted',
    statement: 'delete',
    prepare: async (s) => ({ id: (await aRule(s)).id }),
    ...guarantee(rules, 'versioned', 'code'),
  },
  {
    name: 'an encrypted row that moves to another scope',
    statement: 'update',
    prepare: async (s) => ({ id: (await aSecret(s)).id, client: text() }),
    ...guarantee(secrets, 'encrypted'),
  },
  {
    name: 'plaintext in an encrypted column',
    statement: 'update',
    of: secrets,
    rawOnly: true,
    prepare: async (s) => ({ id: (await aSecret(s)).id, body: Buffer.from(text()) }),
    code: 'check-violation',
    facts: { table: 'secrets', columns: ['body'], constraint: 'secrets_body_check' },
  },
  {
    name: 'a row of an audit trail that the application writes',
    statement: 'insert',
    rawOnly: true,
    prepare: async () => ({ table_name: text(), operation: 'insert', actor: text() }),
    ...guarantee(trail, 'trail'),
  },
  {
    name: 'a row of an audit trail that goes',
    statement: 'delete',
    rawOnly: true,
    prepare: async (s) => {
      await s.insert(audits, { what: text() });
      const [line] = await s.query.selectFrom('trail').select('id').orderBy('id', 'desc').limit(1).execute();
      return { id: line?.id };
    },
    ...guarantee(trail, 'append-only'),
  },
  {
    name: 'a row of a ledger that changes',
    statement: 'update',
    prepare: async (s) => ({ id: (await aDeed(s)).id, what: text() }),
    ...guarantee(deeds, 'append-only'),
  },
];
