import type { ArrayElement, StoredForm } from '../../../contract/column.js';
import type { SchemaColumn, SchemaTable } from '../../../contract/schema.js';
import { mentions } from '../../../sql/code.js';
import { namesBigint } from '../../described-bigint.js';

const kinds: Readonly<Record<string, StoredForm['kind']>> = {
  text: 'text',
  integer: 'integer',
  bigint: 'integer',
  'double precision': 'real',
  boolean: 'boolean',
  uuid: 'uuid',
  'timestamptz(3)': 'timestamp',
  'timestamptz(6)': 'timestamp',
  date: 'date',
  inet: 'inet',
  jsonb: 'json',
  bytea: 'bytes',
};

// the CHECK of an array
const isArray = /array_ndims\(/;

const elementKinds: ReadonlySet<string> = new Set<ArrayElement['kind']>([
  ...(['text', 'uuid', 'integer', 'boolean', 'date', 'timestamp'] as const),
]);

const envelope = /octet_length\((?:"[^"]+"|\S+)\) >= \d+ AND substr\((?:"[^"]+"|\S+), 1, 1\) = '/;

/**
 * Returns the stored form of a described column, from its type and its CHECK; `undefined` for a type of another program.
 */
export function storedForm(
  { constraints }: Pick<SchemaTable, 'constraints'>,
  { name, type }: SchemaColumn,
): StoredForm | undefined {
  const [, total, scale] = /^numeric\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (total !== undefined)
    return {
      kind: 'decimal',
      precision: 3,
      encrypted: false,
      digits: { total: Number(total), scale: Number(scale) },
    };
  const [, of] = /^(.*)\[\]$/.exec(type) ?? [];
  const kind = kinds[of ?? type];
  if (kind === undefined) return undefined;
  const checks = constraints
    .map(({ definition }) => definition)
    .filter((text) => text.startsWith('CHECK') && mentions(text, name, 'postgres'));
  const isChecked = (text: RegExp): boolean => checks.some((check) => text.test(check));
  const precision = /^timestamptz\(6\)/.test(type) ? 6 : 3;
  if (of !== undefined) {
    if (!elementKinds.has(kind) || !isChecked(isArray)) return undefined;
    const element = { kind, precision } as ArrayElement;
    return { kind: 'array', precision: 3, encrypted: false, element };
  }
  // without its CHECK a time may be infinite, or of a year that no text of four digits says
  if ((kind === 'timestamp' || kind === 'date') && !isChecked(/'0001-01-01.*'10000-01-01/)) return undefined;
  return {
    kind: type === 'bigint' && checks.some(namesBigint) ? 'bigint' : kind,
    precision,
    encrypted: kind === 'bytes' && isChecked(envelope),
  };
}
