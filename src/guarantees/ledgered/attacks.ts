import { verifyRow } from '../../ledger/verify.js';
import {
  type Attack,
  identifier,
  type Probe,
  type RunSql,
  type SqlRow,
  type Table,
} from '../../table/index.js';
import { objectName } from '../shared/names.js';
import { keyColumns, type LedgerNames, ledgerNames } from './names.js';
import { keySql } from './queries.js';
import { ledgerReader } from './reader.js';

/** What would break a ledger: writing beside it is refused, and what its owner does behind its back is found. */
export const ledgeredAttacks = (table: Table, probe: Probe): readonly Attack[] => {
  const names = ledgerNames(table);
  return [...writing(names, probe), ...tampering(table, names, probe)];
};

const sideTables = ['entries', 'tree', 'blocks'] as const;

const refused = (as: Attack['as'], what: string, sql: string): Attack => ({
  name: `${what} as ${as}`,
  as,
  statements: [sql],
  expect: 'refused',
});

const binary = ({ dialect }: Probe, hex: string): string =>
  dialect === 'sqlite' ? `x'${hex}'` : `decode('${hex}', 'hex')`;

// JSON that is no entry; text on SQLite, bytes on Postgres
const noEntry = (probe: Probe): string => (probe.dialect === 'sqlite' ? `'[]'` : binary(probe, '5b5d'));

const writing = (names: LedgerNames, probe: Probe): readonly Attack[] => {
  const hash = binary(probe, '00'.repeat(32));
  const forged = {
    entries: `(row_key, entry) VALUES ('forged', ${noEntry(probe)})`,
    tree: `(level, position, hash, row_key) VALUES (0, 999999999, ${hash}, 'forged')`,
    blocks: `(size, root) VALUES (999999999, ${hash})`,
  };
  const changed = { entries: `entry = ${noEntry(probe)}`, tree: `hash = ${hash}`, blocks: `root = ${hash}` };
  const isPostgres = probe.dialect === 'postgres';
  return [
    ...sideTables.flatMap((part) => {
      const name = identifier(names[part]);
      return [
        refused('app', `INSERT into ${names[part]}`, `INSERT INTO ${name} ${forged[part]}`),
        ...(['app', 'owner'] as const).flatMap((as) => [
          refused(as, `UPDATE of ${names[part]}`, `UPDATE ${name} SET ${changed[part]}`),
          refused(as, `DELETE from ${names[part]}`, `DELETE FROM ${name}`),
          ...(isPostgres ? [refused(as, `TRUNCATE of ${names[part]}`, `TRUNCATE ${name}`)] : []),
        ]),
      ];
    }),
    refused('app', `UPDATE of ${names.head}`, `UPDATE ${identifier(names.head)} SET size = size + 1`),
    refused('app', `DELETE from ${names.head}`, `DELETE FROM ${identifier(names.head)}`),
    ...(isPostgres
      ? [
          refused(
            'app',
            'INSERT of an entry with a forged transaction',
            `INSERT INTO ${identifier(names.entries)} (row_key, xid, entry) VALUES ('forged', '1', ${noEntry(probe)})`,
          ),
        ]
      : []),
  ];
};

/** What an owner can do who switches triggers off, and what a verification of the row says of it. */
const tampering = (table: Table, names: LedgerNames, probe: Probe): readonly Attack[] => {
  const found = (
    name: string,
    row: SqlRow,
    on: string,
    triggers: readonly string[],
    sql: string,
  ): Attack => ({
    name,
    as: 'owner',
    statements: [...switchOff(probe, on, triggers), sql],
    expect: 'detected',
    detect: (run) => problemOf(table, probe, row, run),
  });
  const { row, fresh } = probe;
  const own = identifier(table.name);
  const guards = (name: string) =>
    ['insert', 'update', 'delete'].map((on) => objectName(name, 'append_only', on));
  const changed = Object.values(table.columns).find(
    ({ name, kind, rules }) =>
      kind === 'text' &&
      !rules.oneOf &&
      !rules.startsWith &&
      !keyColumns(table).some((key) => key.name === name),
  );
  const clock = Object.values(table.columns).find(
    ({ generated, touched }) => generated === 'now' && !touched,
  );
  return [
    ...(changed
      ? [
          found(
            'a row is edited',
            row,
            table.name,
            guards(table.name),
            `UPDATE ${own} SET ${identifier(changed.name)} = ${another(identifier(changed.name))} WHERE ${isRow(table, row)}`,
          ),
        ]
      : []),
    found(
      'a row is deleted',
      row,
      table.name,
      guards(table.name),
      `DELETE FROM ${own} WHERE ${isRow(table, row)}`,
    ),
    found(
      'entries are edited',
      row,
      names.entries,
      guards(names.entries),
      `UPDATE ${identifier(names.entries)} SET entry = ${noEntry(probe)}`,
    ),
    found(
      'entries are deleted',
      row,
      names.entries,
      guards(names.entries),
      `DELETE FROM ${identifier(names.entries)}`,
    ),
    found(
      'a block is put in',
      row,
      names.blocks,
      guards(names.blocks),
      `INSERT INTO ${identifier(names.blocks)} (size, root) VALUES (999999999, ${binary(probe, '00'.repeat(32))})`,
    ),
    found('a row is put in without an entry', fresh, table.name, [names.append], insertRow(table, fresh)),
    ...(clock
      ? [
          found(
            'a row is put in with an earlier time',
            fresh,
            table.name,
            [],
            insertRow(table, {
              ...fresh,
              [clock.name]: `'2001-01-01T00:00:00.000${clock.precision === 6 ? '000' : ''}Z'`,
            }),
          ),
        ]
      : []),
  ];
};

const isRow = (table: Table, row: SqlRow): string =>
  keyColumns(table)
    .map(({ name }) => `${identifier(name)} = ${row[name]}`)
    .join(' AND ');

// the same but for its first character: what a CHECK of its length lets pass
const another = (name: string): string =>
  `CASE substr(coalesce(${name}, ''), 1, 1) WHEN 'x' THEN 'y' ELSE 'x' END || substr(coalesce(${name}, ''), 2)`;

const insertRow = (table: Table, row: SqlRow): string =>
  `INSERT INTO ${identifier(table.name)} (${Object.keys(row).map(identifier).join(', ')}) VALUES (${Object.values(row).join(', ')})`;

const switchOff = ({ dialect }: Probe, table: string, triggers: readonly string[]): readonly string[] => {
  if (triggers.length === 0) return [];
  return dialect === 'sqlite'
    ? triggers.map((name) => `DROP TRIGGER IF EXISTS ${identifier(name)}`)
    : [`ALTER TABLE ${identifier(table)} DISABLE TRIGGER USER`];
};

const problemOf = async (
  table: Table,
  { dialect }: Probe,
  row: SqlRow,
  run: RunSql,
): Promise<string | undefined> => {
  const [named] = await run(keySql(table, dialect, row));
  const what = await verifyRow(ledgerReader(table, dialect, run), String(named?.row_key));
  return what && `${String(named?.row_key)}: ${what}`;
};
