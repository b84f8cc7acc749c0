// Writes steps of a system that is made while the trials run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dialects } from '../../packages/ashlar/build/engines/open.js';

/** Writes a step that makes tables, for each dialect, into a folder of migrations. `more` is SQL that follows. */
export const writeStep = async (folder, step, tables, more = '') => {
  mkdirSync(join(folder, step), { recursive: true });
  for (const [name, load] of Object.entries(dialects)) {
    const dialect = await load();
    const statements = tables.flatMap((table) => dialect.createTable(table));
    writeFileSync(
      join(folder, step, `up.${name}.sql`),
      statements.map((sql) => `${sql};\n`).join('\n') + more,
    );
  }
};
