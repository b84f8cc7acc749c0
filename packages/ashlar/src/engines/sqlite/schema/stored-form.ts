import type { ArrayElement, Column, DecimalDigits, StoredForm } from '../../../contract/column.js';
import type { SchemaColumn } from '../../../contract/schema.js';
import { codeOf, findWords, folded, line } from '../../../sql/code.js';
import { namesBigint } from '../../described-bigint.js';
import { columnCondition } from './column-sql.js';

const checkOf = ({ rest }: SchemaColumn): string => {
  const tokens = codeOf(rest, 'sqlite');
  const at = findWords(tokens, 'CHECK');
  return at < 0 ? '' : line(tokens.slice(at + 2, -1));
};

const form = (kind: StoredForm['kind'], precision: 3 | 6 = 3, encrypted = false): StoredForm => ({
  kind,
  precision,
  encrypted,
});

const arrayOf = (kind: ArrayElement['kind'], precision: 3 | 6 = 3): StoredForm => ({
  ...form('array'),
  element: { kind, precision },
});

// the kinds that SQLite stores as text with a CHECK that has no rules of the column
const textForms = [
  ...[form('uuid'), form('timestamp', 3), form('timestamp', 6), form('date'), form('json')],
  ...(['text', 'uuid', 'integer', 'boolean', 'date', 'timestamp'] as const).map((kind) => arrayOf(kind)),
  arrayOf('timestamp', 6),
];

const conditionOf = (name: string, { kind, precision, element }: StoredForm): string | undefined =>
  columnCondition({ name, kind, precision, element, rules: {} } as unknown as Column);

const envelope = /^length\((?:"[^"]+"|\S+)\) >= \d+ AND substr\((?:"[^"]+"|\S+), 1, 1\) = X'/;

const decimal = /^(?:"[^"]+"|\S+) \/ 1(0*) BETWEEN -?\d+ AND (\d+)/;

const digitsIn = (check: string): DecimalDigits => {
  const [, zeros = '', whole = ''] = decimal.exec(check) ?? [];
  return { total: zeros.length + (whole === '0' ? 0 : whole.length), scale: zeros.length };
};

/** Returns the stored form of a described column, from its type and its CHECK; `undefined` for a type of another program. */
export function storedForm(_table: unknown, column: SchemaColumn): StoredForm | undefined {
  const check = checkOf(column);
  const has = (one: StoredForm): boolean => check === folded(conditionOf(column.name, one) ?? '', 'sqlite');
  switch (column.type.toUpperCase()) {
    case 'TEXT':
      return textForms.find(has) ?? form('text');
    case 'INT':
    case 'INTEGER':
      if (has(form('boolean'))) return form('boolean');
      if (decimal.test(check)) return { ...form('decimal'), digits: digitsIn(check) };
      return form(namesBigint(check) ? 'bigint' : 'integer');
    case 'REAL':
      return form('real');
    case 'BLOB':
      return form('bytes', 3, envelope.test(check));
    default:
      return undefined;
  }
}
