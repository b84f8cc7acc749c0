import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import { sql } from '../../../sql/template.js';

const virtualTables = sql`
  SELECT l.name FROM pragma_table_list l JOIN main.sqlite_schema s ON s.name = l.name
  WHERE l.schema = 'main' AND l.type = 'virtual' ORDER BY l.name
`;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

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

/**
 * Finds views and triggers that do not compile, and virtual tables that cannot be read; call it in a transaction. SQLite
 * compiles every view and every trigger when a table is renamed (https://sqlite.org/lang_altertable.html#altertabrename),
 * and reports the first that it cannot.
 */
export async function findBroken(owner: Owner): Promise<readonly string[]> {
  const undone = async (work: () => Promise<unknown>): Promise<string | undefined> => {
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
  ];
  for (const { name } of await owner.run(virtualTables)) {
    // a script reads the row and leaves it: a value may be one that JavaScript cannot hold
    const failure = await failureOf(() => owner.script(`SELECT * FROM ${quoted(String(name))} LIMIT 1`));
    found.push(failure === undefined ? undefined : `error in virtual table ${name}: ${failure}`);
  }
  return found.filter((each) => each !== undefined);
}
