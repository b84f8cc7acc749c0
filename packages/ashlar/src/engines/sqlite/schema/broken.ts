import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import { quoted } from '../../../model/index.js';
import { codeOf } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';

const virtualTables = sql`
  SELECT l.name FROM pragma_table_list l JOIN main.sqlite_schema s ON s.name = l.name
  WHERE l.schema = 'main' AND l.type = 'virtual' ORDER BY l.name
`;

const failureOf = async (work: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    return cause ?? error.detail ?? error.message;
  }
};

const triggers =
  'SELECT tbl_name AS "table", name, sql FROM main.sqlite_schema WHERE type = \'trigger\' ORDER BY tbl_name, name';
const columnsOf = 'SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0';

type Undone = (work: () => Promise<unknown>) => Promise<string | undefined>;

/** A trigger, with the statement that compiles it together with all others of its table and event. */
interface Compiled {
  readonly name: string;
  readonly table: string;
  readonly statement: string;
}

const events = ['INSERT', 'UPDATE', 'DELETE'] as const;

const compiledBy = (row: Readonly<Record<string, unknown>>, columns: readonly string[]): Compiled => {
  const table = String(row.table);
  const code = codeOf(String(row.sql), 'sqlite');
  // before the table and the body, but for the name of the trigger
  const words = code
    .slice(
      3,
      code.findIndex(({ word }) => word === 'ON'),
    )
    .map(({ word }) => word);
  const event = events.find((each) => words.includes(each)) ?? 'DELETE';
  const into = quoted(table);
  const statements = {
    INSERT: `INSERT INTO ${into} (${columns.join(', ')}) VALUES (${columns.map(() => 'NULL').join(', ')})`,
    UPDATE: `UPDATE ${into} SET ${columns.map((column) => `${column} = ${column}`).join(', ')}`,
    DELETE: `DELETE FROM ${into}`,
  };
  return { name: String(row.name), table, statement: `EXPLAIN ${statements[event]}` };
};

/**
 * Finds triggers whose statements do not compile: the check of a rename does not resolve the columns that an INSERT or an
 * UPDATE in a trigger names. To explain a statement compiles the triggers that it would run.
 */
const brokenTriggers = async (owner: Owner, undone: Undone): Promise<readonly string[]> => {
  const rows = await owner.run(triggers);
  const columns = new Map<unknown, readonly string[]>();
  for (const { table } of rows) {
    if (columns.has(table)) continue;
    // a view that does not compile has none: it is reported as a view
    await failureOf(async () => {
      const found = await owner.run(columnsOf, [table]);
      columns.set(
        table,
        found.map(({ name }) => quoted(String(name))),
      );
    });
  }
  const all = rows.flatMap((row) => {
    const own = columns.get(row.table);
    return own ? [compiledBy(row, own)] : [];
  });
  const found: string[] = [];
  for (const statement of new Set(all.map((each) => each.statement))) {
    const failure = await failureOf(() => owner.script(statement));
    if (failure === undefined) continue;
    const together = all.filter((each) => each.statement === statement);
    const alone = [];
    for (const { name } of together) {
      const own = await undone(async () => {
        for (const other of together)
          if (other.name !== name) await owner.script(`DROP TRIGGER ${quoted(other.name)}`);
        await owner.script(statement);
      });
      if (own !== undefined) alone.push(`error in trigger ${name}: ${own}`);
    }
    const [first] = together;
    found.push(...(alone.length > 0 ? alone : [`error in a trigger of ${first?.table}: ${failure}`]));
  }
  return found;
};

/**
 * Finds views and triggers that do not compile, and virtual tables that cannot be read; call it in a transaction. SQLite
 * compiles every view and every trigger when a table is renamed (https://sqlite.org/lang_altertable.html#altertabrename),
 * and reports the first that it cannot.
 */
export async function findBroken(owner: Owner): Promise<readonly string[]> {
  const undone: Undone = async (work) => {
    await owner.script('SAVEPOINT ashlar_compiles');
    try {
      return await failureOf(work);
    } finally {
      await owner.script('ROLLBACK TO ashlar_compiles; RELEASE ashlar_compiles');
    }
  };
  const found = [
    await undone(async () => {
      await owner.script('CREATE TABLE ashlar_compiles (id INTEGER) STRICT');
      await owner.script('ALTER TABLE ashlar_compiles RENAME TO ashlar_compiled');
    }),
    ...(await brokenTriggers(owner, undone)),
  ];
  for (const { name } of await owner.run(virtualTables)) {
    // a script reads the row and leaves it: a value may be one that JavaScript cannot hold
    const failure = await failureOf(() => owner.script(`SELECT * FROM ${quoted(String(name))} LIMIT 1`));
    found.push(failure === undefined ? undefined : `error in virtual table ${name}: ${failure}`);
  }
  return [...new Set(found.filter((each) => each !== undefined))];
}
