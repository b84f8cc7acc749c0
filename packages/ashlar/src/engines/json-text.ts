const number = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Returns a number of JSON as PostgreSQL writes it (its type numeric): without an exponent, and with as many digits
 * after the point as are written.
 */
export function numericText(token: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = number.exec(token) ?? [];
  const scale = fraction.length - Number(exponent);
  const digits = `${whole}${fraction}${'0'.repeat(Math.max(-scale, 0))}`.padStart(
    Math.max(scale, 0) + 1,
    '0',
  );
  const point = digits.length - Math.max(scale, 0);
  const text = `${digits.slice(0, point).replace(/^0+(?=\d)/, '')}${scale > 0 ? `.${digits.slice(point)}` : ''}`;
  return /[1-9]/.test(text) ? `${sign}${text}` : text;
}

// jsonb sorts keys by their length in bytes, then by their bytes
const byLength = (one: string, other: string): number => {
  const [a, b] = [Buffer.byteLength(one), Buffer.byteLength(other)];
  if (a !== b) return a - b;
  // ASCII sorts as its bytes
  if (a === one.length && b === other.length) return one < other ? -1 : Number(one > other);
  return Buffer.from(one).compare(Buffer.from(other));
};

/** The order of the keys of objects, and the text before each value, by their names: most objects have those of another. */
interface Shape {
  readonly keys: readonly string[];
  readonly before: readonly string[];
}

const shapes = new Map<string, Shape>();
const mostShapes = 1_000;

const shapeOf = (names: readonly string[]): Shape => {
  // an object without keys is not one whose only key is empty
  const name = `${names.length} ${names.join('\0')}`;
  const known = shapes.get(name);
  if (known) return known;
  const keys = [...names].sort(byLength);
  const shape = {
    keys,
    before: keys.map((key, at) => `${at === 0 ? '' : ', '}${JSON.stringify(key)}: `),
  };
  if (shapes.size >= mostShapes) shapes.clear();
  if (name.length < 1_000) shapes.set(name, shape);
  return shape;
};

/** Returns a JSON value as text in the form of jsonb. */
export const jsonbText = (value: unknown): string => {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? String(value) : numericText(String(value));
  // of `exactJson`: the digits of a number that no double holds
  if (typeof value === 'string' && value.startsWith('\0')) return value.slice(1);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(', ')}]`;
  const { keys, before } = shapeOf(Object.keys(value));
  let text = '{';
  for (let at = 0; at < keys.length; at++)
    text += before[at] + jsonbText((value as Readonly<Record<string, unknown>>)[keys[at] as string]);
  return `${text}}`;
};

/**
 * Returns what `->>` of PostgreSQL returns for a JSON value: text as it is, NULL for `null`, and other values as text in
 * the form of jsonb.
 */
export function jsonAsText(json: string): string | null {
  if (number.test(json)) return numericText(json);
  const value: unknown = JSON.parse(json);
  if (typeof value === 'string' || value === null) return value;
  return jsonbText(value);
}

/** Returns a real as PostgreSQL writes it: the fewest digits that give it back, with an exponent from 1e15 and below 1e-4. */
export function realText(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 15) return numericText(String(value));
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
