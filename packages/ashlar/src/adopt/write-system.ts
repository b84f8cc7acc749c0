import { camelName, FreeNames } from './names.js';
import { tsText } from './read-default.js';
import type { ReadTable } from './read-table.js';
import { writeTables } from './write-table.js';

/** Returns the name under which a file of tables exports its system. */
export function systemVariableIn(text: string): string {
  return /^export const (\w+) = system\(/m.exec(text)?.[1] ?? '';
}

/** Returns a name for the system that no table has. */
function systemVariable(name: string, tables: readonly ReadTable[]): string {
  const names = new FreeNames();
  for (const { variable } of tables) names.take(variable, 'property');
  return names.take(camelName(name), 'variable');
}

/** Returns the file that declares tables and their system. */
export function systemFile(name: string, tables: readonly ReadTable[]): string {
  const { text, imports, usesZod } = writeTables(tables);
  const from = [...imports, 'system'].sort((a, b) => (a < b ? -1 : 1)).join(', ');
  const list = tables.map(({ variable }) => variable).join(', ');
  return `/// <reference types="node" />
import { ${from} } from ${tsText('ashlar')};
${usesZod ? "import { z } from 'zod';\n" : ''}
${text}
export const ${systemVariable(name, tables)} = system(${tsText(name)}, {
  tables: { ${list} },
  migrations: new URL('./migrations/', import.meta.url),
});
`;
}
