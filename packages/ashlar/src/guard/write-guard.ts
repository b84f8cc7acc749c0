import { camelName, FreeNames } from '../adopt/names.js';
import { tsText } from '../adopt/read-default.js';
import type { ReadColumn, ReadTable } from '../adopt/read-table.js';
import { writeTables } from '../adopt/write-table.js';
import { foldedName } from '../model/index.js';
import type { FoundTables } from './describe.js';
import type { GuardRequest, RequestedGuarantee } from './request.js';

/** The files of a new guard, by their paths from its folder, and what a person adds to them. */
export interface WrittenGuard {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** The name under which `guard.ts` exports the guard. */
  readonly variable: string;
  /** What only a person can say: the line of `guard.ts` is a comment until then. */
  readonly answers: readonly string[];
}

/** What a guard is written from. */
export interface GuardDraft extends FoundTables {
  readonly name: string;
  readonly requests: readonly GuardRequest[];
  /** The ending of a file in an import. */
  readonly imported: string;
}

/** Writes the declarations of tables of another tool, and the guard that puts guarantees on them. */
export function writeGuard(draft: GuardDraft): WrittenGuard {
  const { name, tables, requests } = draft;
  const variables = new FreeNames();
  for (const { variable } of tables) variables.take(variable, 'property');
  const hasTrail = requests.some(({ guarantees }) => guarantees.some((each) => each.name === 'audited'));
  const trail = hasTrail ? trailOf(draft, variables) : undefined;
  const variable = variables.take(`${camelName(name)}Guard`, 'variable');
  const answers: string[] = [];
  const entries = tables.map((table) => {
    const request = requests.find((each) => each.table === table.name);
    return request ? guardedText(table, request, trail?.variable ?? '', answers) : `${table.variable},`;
  });
  const body = entries.map((entry) => entry.replaceAll(/^/gm, '    ')).join('\n');
  const used = ['acyclic', 'appendOnly', 'audited', 'auditTrail', 'ledgered', 'scoped'].filter((each) =>
    new RegExp(`\\b${each}\\(`).test(`${body}\n${trail?.text ?? ''}`),
  );
  const schema =
    draft.schema === undefined || draft.schema === 'public' ? '' : `  schema: ${tsText(draft.schema)},\n`;
  const text = `/// <reference types="node" />
${used.length > 0 ? `import { ${used.join(', ')} } from ${tsText('ashlar/guarantees')};\n` : ''}import { guard } from ${tsText('ashlar/guard')};
import { ${tables
    .map((table) => table.variable)
    .sort()
    .join(', ')} } from './tables.${draft.imported}';

${trail ? `${trail.text}\n` : ''}export const ${variable} = guard(${tsText(name)}, {
${schema}  tables: {
${trail ? `    ${trail.variable},\n` : ''}${body}
  },
  migrations: new URL('./migrations/', import.meta.url),
});
`;
  return {
    files: [
      { path: 'tables.ts', text: tablesText(tables) },
      { path: 'guard.ts', text },
    ],
    variable,
    answers,
  };
}

const tablesText = (tables: readonly ReadTable[]): string => {
  const { text, imports, usesZod } = writeTables(tables, 'external');
  const native = /\bnative\(/.test(text) ? ['external', 'native'] : ['external'];
  return `// The tool's tables as the database has them, written by \`ashlar guard\`.
${imports.length > 0 ? `import { ${imports.join(', ')} } from ${tsText('ashlar')};\n` : ''}import { ${native.join(', ')} } from ${tsText('ashlar/guard')};
${usesZod ? "import { z } from 'zod';\n" : ''}
${text}`;
};

/** The trail of all audited tables; scoped if one of them is, so that no session reads lines of another scope. */
const trailOf = (
  { names, requests }: GuardDraft,
  variables: FreeNames,
): { readonly variable: string; readonly text: string } => {
  // a table of the tool of the same name would be hidden
  const used = new Set(names.map(foldedName));
  let name = 'changes';
  for (let at = 2; used.has(name); at++) name = `changes_${at}`;
  const variable = variables.take(camelName(name), 'variable');
  const isScoped = requests.some(
    ({ guarantees }) =>
      guarantees.some((each) => each.name === 'audited') && guarantees.some((each) => each.name === 'scoped'),
  );
  const scope = isScoped ? ', (c) => [scoped(c.scope)]' : '';
  return { variable, text: `const ${variable} = auditTrail(${tsText(name)}${scope});\n` };
};

const guardedText = (
  table: ReadTable,
  { guarantees }: GuardRequest,
  trail: string,
  answers: string[],
): string => {
  const lines = guarantees.map((guarantee) => {
    const column = table.columns.find(({ name }) => name === guarantee.column);
    const { text, answer } = guaranteeText(guarantee, column, trail);
    if (answer === undefined) return `${text},`;
    answers.push(`${table.name}.${column?.name}: ${answer}`);
    return `// ${answer}\n// ${text},`;
  });
  const isOpen = lines.some((line) => line.startsWith('//'));
  const usesColumns = lines.some((line) => /\(c\./.test(line));
  const given = usesColumns ? '(c)' : '()';
  if (!isOpen && lines.length < 4)
    return `${table.variable}: ${table.variable}.guarded(${given} => [${lines.join(' ').replace(/,$/, '')}]),`;
  return `${table.variable}: ${table.variable}.guarded(${given} => [\n${lines.join('\n').replaceAll(/^/gm, '  ')}\n]),`;
};

const guaranteeText = (
  { name }: RequestedGuarantee,
  column: ReadColumn | undefined,
  trail: string,
): { readonly text: string; readonly answer?: string } => {
  const of = `c.${column?.property}`;
  switch (name) {
    case 'audited':
      return { text: `audited({ into: ${trail} })` };
    case 'append-only':
      return { text: 'appendOnly()' };
    case 'ledgered':
      return { text: 'ledgered()' };
    case 'scoped':
      return { text: `scoped(${of})` };
    case 'acyclic':
      return { text: `acyclic(${of})` };
    case 'lifecycle': {
      const { type } = column ?? {};
      const values = type?.as === 'native' ? (type.values ?? []) : [];
      const states = values.map((value) => `${tsText(value)}: []`).join(', ');
      const initial = tsText(values[0] ?? 'STATUS');
      return {
        text: `lifecycle(${of}, { ${states || 'STATUS: []'} }, { initial: ${initial} })`,
        answer:
          values.length > 0
            ? 'write which values may follow each, and take the line in'
            : 'give the values in tables.ts, native(TYPE, [VALUE, …]), and which may follow each here',
      };
    }
    case 'retained':
      return {
        text: `retained(${of}, { for: { years: 5 }, reason: 'WHICH LAW' })`,
        answer: 'write how long and for which reason, and take the line in',
      };
  }
};
