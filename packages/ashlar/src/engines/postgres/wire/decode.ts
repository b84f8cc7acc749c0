import type { ResultKind, ResultKinds } from '../../../contract/answers.js';
import type { ArrayElement, DecimalDigits } from '../../../contract/column.js';
import type { QueryResult } from '../../../contract/transaction.js';
import { AshlarError } from '../../../errors.js';
import { computedDecimal, heldArray } from '../../../model/index.js';
import { isOwn } from '../../../model/names.js';
import { elementsOfLiteral } from '../../array-literal.js';
import type { Field, Reply } from './channel.js';
import type { FieldOrigin } from './column-codecs.js';

type Decoder = (text: string) => unknown;

const corrupt = (what: string, suggestion: string): AshlarError =>
  new AshlarError('value-corrupt', { message: `A stored ${what} cannot be read back exactly.`, suggestion });

const asIs: Decoder = (text) => text;

const integer: Decoder = (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw corrupt('integer', 'It is beyond 2^53: cast it to text in the query (column::text).');
  }
  return value;
};

const numeric: Decoder = (text) => {
  const value = Number(text);
  const plain = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return String(value) === plain && Number.isFinite(value) ? value : text;
};

const timestamp = (text: string, digits: 3 | 6 | undefined): string => {
  if (!text.endsWith('+00')) {
    // infinity and years BC: no declared column holds them, but an expression may
    if (!/^\d/.test(text) || text.endsWith('BC')) return text;
    throw corrupt('time', 'Do not change the setting TimeZone: the time zone of the connection must be UTC.');
  }
  const dot = text.indexOf('.');
  const seconds = text.slice(0, dot === -1 ? -3 : dot).replace(' ', 'T');
  const fraction = (dot === -1 ? '' : text.slice(dot + 1, -3)).padEnd(6, '0');
  const kept = digits ?? (fraction.endsWith('000') ? 3 : 6);
  return `${seconds}.${fraction.slice(0, kept)}Z`;
};

const timestampOf: Record<'3' | '6' | 'unknown', Decoder> = {
  3: (text) => timestamp(text, 3),
  6: (text) => timestamp(text, 6),
  unknown: (text) => timestamp(text, undefined),
};

const timestampDecoder = (modifier: number): Decoder => {
  if (modifier < 0) return timestampOf.unknown;
  return modifier <= 3 ? timestampOf[3] : timestampOf[6];
};

// PostgreSQL writes ::102:304 as ::1.2.3.4; RFC 5952 does not
const address: Decoder = (text) =>
  text.startsWith('::') && text.includes('.') && !text.startsWith('::ffff:')
    ? new URL(`http://[${text}]`).hostname.slice(1, -1)
    : text;

const bytes: Decoder = (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'));

// the OIDs of built-in types are fixed (pg_type.dat)
const decoders: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  [16, (text) => text === 't'],
  [17, bytes],
  [20, integer],
  [21, Number],
  [23, Number],
  [26, Number],
  [700, Number],
  [701, Number],
  [114, JSON.parse as Decoder],
  [3802, JSON.parse as Decoder],
  [869, address],
  [1700, numeric],
]);

const timestamptz = 1184;

const int8 = 20;
const numericType = 1700;

const decimalOf =
  (digits: DecimalDigits): Decoder =>
  (text) => {
    const value = computedDecimal(text, digits);
    if (value === undefined)
      throw corrupt('decimal', 'It is beyond what its column can hold: compute it of fewer rows.');
    return value;
  };

// the types of arrays, and those of their elements (pg_type.dat)
const arrayTypes: ReadonlyMap<number, number> = new Map([
  [1000, 16],
  [1007, 23],
  [1009, 25],
  [1016, 20],
  [1182, 1082],
  [1185, 1184],
  [2951, 2950],
]);

const arrayOf =
  (element: ArrayElement, type: number): Decoder =>
  (text) => {
    const decode = type === timestamptz ? timestampOf[element.precision] : (decoders.get(type) ?? asIs);
    const value = heldArray(element, elementsOfLiteral(text)?.map(decode));
    if (!value) throw corrupt('array', 'Find the program that wrote it: its elements are of another form.');
    return value;
  };

type Known = Partial<Pick<ResultKind, 'kind' | 'precision' | 'digits' | 'element'>>;

const typeDecoder = (field: Field, known: Known): Decoder => {
  const ofElements = known.element && arrayTypes.get(field.dataTypeID);
  if (known.element && ofElements) return arrayOf(known.element, ofElements);
  if (known.digits && field.dataTypeID === numericType) return decimalOf(known.digits);
  // the codec of a bigint reads its text
  if (known.kind === 'bigint' && (field.dataTypeID === int8 || field.dataTypeID === numericType)) return asIs;
  if (field.dataTypeID === timestamptz) {
    // an aggregate loses the precision of its column
    const precision = field.dataTypeModifier < 0 ? known.precision : undefined;
    return precision ? timestampOf[precision] : timestampDecoder(field.dataTypeModifier);
  }
  // the sum of integers is a numeric
  if (field.dataTypeID === numericType && known.kind === 'integer') return integer;
  return decoders.get(field.dataTypeID) ?? asIs;
};

const decoderOf = (field: Field, origins: FieldOrigin, known: ResultKind | undefined): Decoder => {
  // a cast to the type that a column has is no computation for the server, which then names the column
  const form = known ?? origins(field);
  const stored = typeDecoder(field, form ?? {});
  const application = form?.codec?.decode;
  return application ? (text) => application(stored(text)) : stored;
};

/** Leaves values in their stored form. */
export const storedForm: FieldOrigin = () => undefined;

/**
 * Decodes the rows of a reply to plain objects, each value as its column's Zod schema describes it. Columns that
 * guarantees add to a table (`ashlar_…`) are left out.
 *
 * @param origins - the columns whose codecs decode stored values to the application's; `storedForm` for none
 * @throws AshlarError `value-corrupt`
 */
export function decodeRows(
  reply: Reply,
  origins: FieldOrigin,
  kinds?: ResultKinds,
): Record<string, unknown>[] {
  const shown = reply.fields.flatMap((field, at) =>
    isOwn(field.name)
      ? []
      : [{ at, name: field.name, decode: decoderOf(field, origins, kinds?.get(field.name)) }],
  );
  return reply.rows.map((cells) => {
    const row: Record<string, unknown> = {};
    for (const { at, name, decode } of shown) {
      const cell = cells[at] as string | null;
      row[name] = cell === null ? null : decode(cell);
    }
    return row;
  });
}

const writes = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/**
 * Decodes the reply to a statement: its rows, and the number of rows that it changed.
 *
 * @param origins - as for {@link decodeRows}
 * @throws AshlarError `value-corrupt`
 */
export function decodeReply(reply: Reply, origins: FieldOrigin, kinds?: ResultKinds): QueryResult {
  return {
    rows: decodeRows(reply, origins, kinds),
    changes: changesOf(reply),
  };
}

/** Returns the number of rows that a statement changed. */
export function changesOf({ command, count }: Reply): number {
  return writes.has(command) ? count : 0;
}
