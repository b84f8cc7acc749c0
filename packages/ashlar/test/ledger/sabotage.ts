import type { Table } from 'ashlar';
import type { Engine } from 'ashlar/extend';

/** Runs statements as an owner who disables the triggers of a table. */
export const behindItsBack = (engine: Engine, table: string, statements: readonly string[]): Promise<void> =>
  engine.asOwner(async (owner) => {
    const isPostgres = engine.dialect.name === 'postgres';
    const triggers = isPostgres
      ? []
      : await owner.run(
          `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '${table}' ORDER BY name`,
        );
    if (isPostgres) await owner.script(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    for (const { name } of triggers) await owner.script(`DROP TRIGGER ${name}`);
    for (const sql of statements) await owner.script(sql);
    for (const { sql } of triggers) await owner.script(String(sql));
    if (isPostgres) {
      const own = await owner.run(
        `SELECT tgname AS name FROM pg_trigger WHERE tgrelid = '${table}'::regclass AND NOT tgisinternal`,
      );
      for (const { name } of own) await owner.script(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${name}`);
    }
  });

/** The content of the tables of a ledger. */
export const partsOf = (table: Table): readonly string[] => [
  table.name,
  ...['entries', 'tree', 'blocks', 'head'].map((part) => `${table.name}_ledger_${part}`),
];
