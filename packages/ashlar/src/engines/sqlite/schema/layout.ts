import { codeOf, findWords, line, splitAtAnds } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';

const lineWidth = 110;

/** The parts of a column definition, in the order in which they are written. */
export interface ColumnParts {
  readonly name: string;
  readonly type: string;
  /** The text of the NOT NULL and DEFAULT clauses; may be empty. */
  readonly rules: string;
  /** The text of the clause CONSTRAINT … CHECK (…); may be empty. */
  readonly check: string;
}

/** Formats a CREATE TABLE statement, with one column per line, aligned types, and long CHECKs on lines of their own. */
export function tableText(
  name: string,
  columns: readonly ColumnParts[],
  constraints: readonly string[],
  options: string,
): string {
  const nameWidth = Math.max(...columns.map((column) => column.name.length));
  const typeWidth = Math.max(...columns.map((column) => column.type.length));
  const lines = [...columns.map((column) => columnLines(column, nameWidth, typeWidth)), ...constraints];
  return sql`
    CREATE TABLE ${name} (
      ${lines.join(',\n')}
    )${options && ` ${options}`}
  `;
}

/** Formats a column definition on one line, for ALTER TABLE … ADD COLUMN. */
export function columnText({ name, type, rules, check }: ColumnParts): string {
  return [name, type, rules, check].filter(Boolean).join(' ');
}

const columnLines = (
  { name, type, rules, check }: ColumnParts,
  nameWidth: number,
  typeWidth: number,
): string => {
  const start = `${name.padEnd(nameWidth)} ${type.padEnd(typeWidth)} ${rules}`.trimEnd();
  if (!check) return start;
  if (start.length + 2 + check.length < lineWidth) return `${start} ${check}`;
  return sql`
    ${start}
      ${wrapped(check)}
  `;
};

// breaks a CHECK that is too long for a line of its own before each of its conditions
const wrapped = (check: string): string => {
  if (4 + check.length < lineWidth) return check;
  const tokens = codeOf(check, 'sqlite');
  const open = findWords(tokens, 'CHECK') + 1;
  if (tokens[open]?.text !== '(' || tokens.at(-1)?.text !== ')') return check;
  const conditions = splitAtAnds(tokens.slice(open + 1, -1)).map(line);
  return sql`
    ${line(tokens.slice(0, open + 1))}
      ${conditions.join('\nAND ')}
    )
  `;
};

/** Formats a list of names or expressions in brackets, such as `(a, b, c)`; a long list is wrapped. */
export function nameList(items: readonly string[]): string {
  const text = items.join(', ');
  if (text.length < lineWidth - 20) return `(${text})`;
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length < lineWidth - 4)
      lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(item);
  }
  return sql`
    (
      ${lines.join(',\n')}
    )
  `;
}
