import { type RawBuilder, sql } from 'kysely';
import type { ColumnEncryption } from '../contract/table.js';
import { DataKeys, decryptRow, encryptValues, resultOf, runSteps, type Steps } from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import { everyScope, isScopeOf, storedValue, type Table, type Tables } from '../model/index.js';
import type { Database } from '../session/database.js';
import type { Session, SessionContext } from '../session/types.js';
import { encryptedTables } from './keyrings.js';

/** Options of {@link reencrypt}. */
export interface ReencryptOptions {
  readonly actor?: SessionContext['actor'];
  /** The tables to re-encrypt. Default: every table with encrypted columns. Leave out append-only tables. */
  readonly tables?: readonly Table[];
  /** The number of rows to re-encrypt in each session. Default 200. */
  readonly batch?: number;
}

type Row = Readonly<Record<string, unknown>>;

const both = (conditions: readonly RawBuilder<unknown>[], word: 'and' | 'or'): RawBuilder<unknown> =>
  sql`(${sql.join(conditions, word === 'and' ? sql` and ` : sql` or `)})`;

/**
 * Re-encrypts the rows of a scope with its newest data key and recomputes their blind indexes, in batches, while
 * other sessions may run. A row that another session changes in between is read again.
 *
 * @returns the number of rows re-encrypted
 * @throws AshlarError `scope-shredded`, `decryption-failed`; `guarantee-violated` for an append-only table
 */
export async function reencrypt<T extends Tables>(
  db: Database<T>,
  scope: string,
  { actor, tables = encryptedTables(db), batch = 200 }: ReencryptOptions = {},
): Promise<number> {
  let moved = 0;
  for (const table of tables) {
    const { encryption } = table.facts;
    const column = encryption && table.columns[encryption.scope];
    if (!column || !isScopeOf(column, scope)) continue;
    for (let idle = 0; ; ) {
      const { found, done } = await db.session({ actor, scope: everyScope }, async (s) => {
        const keys = new DataKeys(db.encryption);
        const rows = await outdated({ keys, s, table, encryption, scope, batch });
        let changed = 0;
        for (const row of rows) changed += await move({ keys, s, table, encryption, row });
        return { found: rows.length, done: changed };
      });
      moved += done;
      if (found === 0) break;
      idle = done === 0 ? idle + 1 : 0;
      if (idle > mostIdle) throw stuck(table);
    }
  }
  return moved;
}

// the number of batches in a row of which other sessions changed every row between read and write
const mostIdle = 50;

const stuck = (table: Table): AshlarError =>
  new AshlarError('state-conflict', {
    message: `Rows of ${table.name} cannot be re-encrypted.`,
    detail: 'This role can read the rows, but its updates change none of them.',
    suggestion: 'Check that this role can update every row of the table.',
  });

const versionBytes = (version: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(version);
  return bytes;
};

interface OutdatedRows<T extends Tables> {
  readonly keys: DataKeys;
  readonly s: Session<T>;
  readonly table: Table;
  readonly encryption: ColumnEncryption;
  readonly scope: string;
  readonly batch: number;
}

// bytes 2 to 5 of an envelope are the key version
const outdated = async <T extends Tables>({
  keys,
  s,
  table,
  encryption,
  scope,
  batch,
}: OutdatedRows<T>): Promise<readonly Row[]> => {
  const { version } = await run(s, keys.forEncryption(encryption.keys, scope));
  const stale = encryption.columns.map(
    ({ name }) => sql`substr(${sql.id(name)}, 2, 4) <> ${versionBytes(version)}`,
  );
  const all = Object.values(table.columns).map(
    ({ name, property }) => sql`${sql.id(name)} as ${sql.id(property)}`,
  );
  const { rows } = await sql<Row>`select ${sql.join(all)} from ${sql.table(table.name)}
    where ${sql.id(encryption.scope)} = ${scope} and ${both(stale, 'or')} limit ${batch}`.execute(s.query);
  return rows;
};

interface RowToMove<T extends Tables> {
  readonly keys: DataKeys;
  readonly s: Session<T>;
  readonly table: Table;
  readonly encryption: ColumnEncryption;
  readonly row: Row;
}

const move = async <T extends Tables>({ keys, s, table, encryption, row }: RowToMove<T>): Promise<number> => {
  const plain = await run(s, decryptRow(keys, table, row));
  const values = Object.fromEntries(encryption.columns.map(({ property }) => [property, plain[property]]));
  const fresh = await run(s, encryptValues(keys, table, values, row));
  const set = Object.values(table.columns).flatMap(({ name, property }) =>
    fresh[property] === undefined ? [] : [sql`${sql.id(name)} = ${fresh[property]}`],
  );
  const same = [
    ...table.key.map((property) => {
      const column = table.columns[property];
      return sql`${sql.id(column?.name ?? property)} = ${column ? storedValue(column, row[property]) : row[property]}`;
    }),
    // only if no other session has written the row since it was read
    ...encryption.columns.map(({ name, property }) =>
      row[property] === null ? sql`${sql.id(name)} is null` : sql`${sql.id(name)} = ${row[property]}`,
    ),
  ];
  const { numAffectedRows = 0n } = await sql`update ${sql.table(table.name)} set ${sql.join(set)}
    where ${both(same, 'and')}`.execute(s.query);
  return Number(numAffectedRows);
};

const run = async <T extends Tables, R>(s: Session<T>, steps: Steps<R>): Promise<R> => {
  const executor = s.query.getExecutor();
  return resultOf(
    await runSteps(steps, async ({ sql: text, parameters }) => {
      const query = sql.raw<Row>(text).compile(s.query);
      return (await executor.executeQuery<Row>({ ...query, parameters })).rows;
    }),
  );
};
