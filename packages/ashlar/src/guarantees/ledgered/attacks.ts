import type { Attack, Probe } from '../../contract/attack.js';
import type { TableFacts } from '../../contract/table.js';
import { verifyRow } from '../../ledger/verify.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { type Draft, insertRow, isFresh, isRow, refused, triedBy, triedByBoth } from '../shared/attacks.js';
import { triedByOtherPrograms } from '../shared/other-programs.js';
import { aPurgedLine } from '../shared/purging.js';
import { isEntered } from './entered.js';
import { clockColumns, keyColumns, ledgerNames } from './names.js';
import { keySql, rowKeySql } from './queries.js';
import { ledgerReader } from './reader.js';

/** Statements that break a ledger: writes by the application are refused, and changes by the owner are detected. */
export function ledgeredAttacks(table: TableFacts, probe: Probe): readonly Attack[] {
  return [
    // a file has no roles: its triggers refuse the owner as well
    ...triedBy(probe.dialect === 'sqlite' ? ['app', 'owner'] : ['app'], forgeries(table, probe)),
    ...triedByBoth(changes(table, probe)),
    ...triedBy(['owner'], entered(table, probe)),
    ...headReplaced(table, probe),
    // the triggers against these came with version 2
    ...(probe.olderVersion === undefined
      ? triedByBoth([...ownTimes(table, probe), ...raised(table, probe), ...retirements(table, probe)])
      : []),
    ...triedBy(['owner'], tampering(table, probe)),
  ];
}

const binary = ({ dialect }: Probe, hex: string): string =>
  dialect === 'sqlite' ? `x'${hex}'` : `decode('${hex}', 'hex')`;

const zeros = (probe: Probe): string => binary(probe, '00'.repeat(32));

// JSON that is not an entry; text on SQLite, bytes on Postgres
const noEntry = (probe: Probe): string => (probe.dialect === 'sqlite' ? `'[]'` : binary(probe, '5b5d'));

const forgeries = (table: TableFacts, probe: Probe): readonly Draft[] => {
  const { entries, tree, blocks, head } = ledgerNames(table);
  const insert = (name: string, values: string): Draft =>
    refused(`INSERT into ${name}`, `INSERT INTO ${identifier(name)} ${values}`);
  return [
    // a key in JSON: a key of several columns is read as JSON
    insert(entries, `(row_key, entry) VALUES ('["forged"]', ${noEntry(probe)})`),
    insert(tree, `(level, position, hash, row_key) VALUES (0, 999999999, ${zeros(probe)}, '["forged"]')`),
    insert(blocks, `(size, root) VALUES (999999999, ${zeros(probe)})`),
    ...[`UPDATE ${identifier(head)} SET size = size + 1`, `DELETE FROM ${identifier(head)}`].map((sql) => ({
      ...refused(`${sql.split(' ')[0]} of ${head}`, sql),
      preparation: filled(table, probe).slice(0, 1),
    })),
  ];
};

const changes = (table: TableFacts, probe: Probe): readonly Draft[] => {
  const names = ledgerNames(table);
  const set = {
    entries: `entry = ${noEntry(probe)}`,
    tree: `hash = ${zeros(probe)}`,
    blocks: `root = ${zeros(probe)}`,
  };
  return (['entries', 'tree', 'blocks'] as const).flatMap((part) => {
    const name = identifier(names[part]);
    const attack = (what: string, sql: string): Draft => ({
      ...refused(`${what} ${names[part]}`, sql),
      preparation: filled(table, probe),
    });
    return [
      attack('UPDATE of', `UPDATE ${name} SET ${set[part]}`),
      attack('DELETE from', `DELETE FROM ${name}`),
      ...(probe.dialect === 'postgres' ? [attack('TRUNCATE of', `TRUNCATE ${name}`)] : []),
    ];
  });
};

/** A new row that has no entry, or that sealing would not find. No statement writes a trail. */
const entered = (table: TableFacts, probe: Probe): readonly Draft[] =>
  table.facts.trail
    ? []
    : [
        {
          name: 'INSERT of a row that the ledger does not notice',
          statements: [insertRow(table.name, probe.fresh)],
          expect: 'detected',
          detect: async (run) => {
            const where = `${isFresh(table, probe)} AND ${isEntered(table, probe.dialect)}`;
            const rows = await run(`SELECT 1 AS found FROM ${identifier(table.name)} AS t WHERE ${where}`);
            return rows.length > 0 ? 'the row is part of the ledger' : undefined;
          },
        },
      ];

/** The head begins again: where no delete trigger fires, only the trigger of inserts refuses it. */
const headReplaced = (table: TableFacts, probe: Probe): readonly Attack[] => {
  if (probe.dialect !== 'sqlite') return [];
  const { head } = ledgerNames(table);
  const draft: Draft = {
    ...refused(
      `REPLACE of ${head}`,
      `REPLACE INTO ${identifier(head)} (id, size, frontier, sealed, first_provable) VALUES (1, 0, x'', 0, 0)`,
    ),
    preparation: filled(table, probe).slice(0, 1),
  };
  return [...triedByBoth([draft]), ...triedByOtherPrograms([draft])];
};

/** Lines that say that rows were purged: written, changed and deleted while none are. */
const retirements = (table: TableFacts, probe: Probe): readonly Draft[] => {
  if (!table.facts.retention) return [];
  const { retirements: lines } = ledgerNames(table);
  const name = identifier(lines);
  const next = `coalesce((SELECT max(last_position) + 1 FROM ${name}), 0)`;
  const insert = `INSERT INTO ${name} (number, first_position, last_position, cutoff) VALUES (coalesce((SELECT max(number) FROM ${name}), 0) + 1, ${next}, ${next}, '2001-01-01T00:00:00.000000Z')`;
  const preparation = [...filled(table, probe), ...aPurgedLine(table, probe.dialect, insert)];
  return [
    { ...refused(`INSERT into ${lines} without a purge`, insert), preparation: filled(table, probe) },
    { ...refused(`UPDATE of ${lines}`, `UPDATE ${name} SET cutoff = retired_at`), preparation },
    { ...refused(`DELETE from ${lines}`, `DELETE FROM ${name}`), preparation },
    ...(probe.dialect === 'postgres' ? [refused(`TRUNCATE of ${lines}`, `TRUNCATE ${name}`)] : []),
  ];
};

/** Some triggers fire for each row, so the side tables need rows even if nothing is sealed yet. */
const filled = (table: TableFacts, probe: Probe): readonly (readonly string[])[] => {
  if (probe.dialect === 'postgres') return sealing(table, probe);
  const { entries, tree, blocks, head } = ledgerNames(table);
  const [e, t, b, h] = [entries, tree, blocks, head].map(identifier);
  // a session never writes side tables: it is refused with or without rows
  const orNothing = 'SELECT 1';
  const size = `(SELECT max(position) + 1 FROM ${t} WHERE level = 0)`;
  return [
    [
      `INSERT INTO ${h} (id, size, frontier, sealed) SELECT 1, 0, x'', 0 WHERE NOT EXISTS (SELECT 1 FROM ${h})`,
      orNothing,
    ],
    [
      `INSERT INTO ${t} (level, position, hash, row_key) SELECT 0, coalesce(${size}, 0), ${zeros(probe)}, row_key FROM ${e} WHERE row_key NOT IN (SELECT row_key FROM ${t} WHERE level = 0) LIMIT 1`,
      orNothing,
    ],
    [
      `INSERT INTO ${b} (size, root) SELECT ${size}, ${zeros(probe)} WHERE NOT EXISTS (SELECT 1 FROM ${b} WHERE size = ${size})`,
      orNothing,
    ],
  ];
};

/** Rows that say themselves when they were written. */
const ownTimes = (table: TableFacts, { fresh }: Probe): readonly Draft[] =>
  clockColumns(table).map(({ name, precision }) =>
    refused(
      `INSERT of a row with an earlier ${name}`,
      insertRow(table.name, {
        ...fresh,
        [name]: `'2001-01-01T00:00:00.000${precision === 6 ? '000' : ''}Z'`,
      }),
    ),
  );

/** Raises the position before which rows may be missing, without a purge. */
const raised = (table: TableFacts, probe: Probe): readonly Draft[] => {
  const { head } = ledgerNames(table);
  return [
    {
      ...refused(
        `UPDATE of first_provable of ${head}`,
        `UPDATE ${identifier(head)} SET first_provable = first_provable + 1`,
      ),
      preparation: filled(table, probe),
    },
  ];
};

/** Changes by an owner who disables triggers, with the finding of a verification. */
const tampering = (table: TableFacts, probe: Probe): readonly Draft[] => {
  const names = ledgerNames(table);
  const { row, fresh, values } = probe;
  const own = identifier(table.name);
  const key = keyColumns(table).map(({ name }) => name);
  const here = isRow(key, row);
  const keyQuery = {
    row: keySql(table, probe.dialect, row),
    fresh: `SELECT ${rowKeySql(table, probe.dialect, 't')} AS row_key FROM ${own} AS t WHERE ${isFresh(table, probe)}`,
  };
  const sealed = sealing(table, probe);
  const found = (name: string, of: 'row' | 'fresh', off: readonly string[], sql: string): Draft => ({
    name,
    // a change before the row is sealed would be sealed with it
    preparation: sealed,
    statements: [...off, sql],
    expect: 'detected',
    detect: async (run) => {
      for (const [statement = ''] of sealed) await run(statement);
      const rowKey = String((await run(keyQuery[of]))[0]?.row_key);
      const what = await verifyRow(ledgerReader(table, probe.dialect, run), rowKey);
      return what && `${rowKey}: ${what}`;
    },
  });
  const edited = Object.keys(values).find((name) => !key.includes(name) && values[name] !== row[name]);
  const [entries, blocks] = [names.entries, names.blocks].map(identifier);
  return [
    ...(edited === undefined
      ? []
      : [
          found(
            'a row is edited while the triggers are disabled',
            'row',
            unguarded(probe, table.name),
            `UPDATE ${own} SET ${identifier(edited)} = ${values[edited]} WHERE ${here}`,
          ),
        ]),
    found(
      'a row is deleted while the triggers are disabled',
      'row',
      unguarded(probe, table.name),
      `DELETE FROM ${own} WHERE ${here}`,
    ),
    found(
      'entries are edited while the triggers are disabled',
      'row',
      unguarded(probe, names.entries),
      `UPDATE ${entries} SET entry = ${noEntry(probe)}`,
    ),
    found(
      'entries are deleted while the triggers are disabled',
      'row',
      unguarded(probe, names.entries),
      `DELETE FROM ${entries}`,
    ),
    found(
      'a block is inserted while the triggers are disabled',
      'row',
      unguarded(probe, names.blocks),
      `INSERT INTO ${blocks} (size, root) VALUES (999999999, ${zeros(probe)})`,
    ),
    found(
      'a row is inserted without an entry',
      'fresh',
      unguarded(probe, table.name, names.append),
      insertRow(table.name, fresh),
    ),
  ];
};

/** On Postgres: seals everything in the open transaction, after any other process that is sealing. */
const sealing = (table: TableFacts, { dialect }: Probe): readonly (readonly string[])[] => {
  if (dialect === 'sqlite') return [];
  const seal = `${identifier(ledgerNames(table).seal)}()`;
  return [
    [
      `DO $$ DECLARE state text; BEGIN LOOP state := ${seal}; EXIT WHEN state = 'done'; IF state = 'busy' THEN PERFORM pg_sleep(0.02); END IF; END LOOP; END $$`,
    ],
  ];
};

/** Disables the triggers of a table, or one of them. */
const unguarded = ({ dialect }: Probe, table: string, trigger?: string): readonly string[] => {
  if (dialect === 'postgres')
    return [`ALTER TABLE ${identifier(table)} DISABLE TRIGGER ${trigger ? identifier(trigger) : 'USER'}`];
  const guards = ['insert', 'update', 'delete'].map((on) => objectName(table, 'append_only', on));
  return (trigger ? [trigger] : guards).map((name) => `DROP TRIGGER IF EXISTS ${identifier(name)}`);
};
