import { z } from 'zod';
import type { ArrayElement, StoredForm } from '../../src/contract/column.js';
import type { StoredValue } from '../../src/model/conversions.js';
import { array, bigint, bytes, decimal, inet, json, timestamp } from '../../src/model/index.js';

/** A kind of column: its Zod type, and values that its database may hold or that look like values of another kind. */
export interface KindOfColumn {
  readonly name: string;
  readonly form: StoredForm;
  readonly type: z.ZodType;
  readonly values: readonly unknown[];
}

const largest = Number.MAX_SAFE_INTEGER;

const integerTexts = [
  ...[
    '',
    '0',
    '1',
    '5',
    '-5',
    '+5',
    ' 5',
    '5 ',
    '05',
    '00',
    '-0',
    '-05',
    '0x10',
    '0o7',
    '0b1',
    '5e0',
    '5E0',
    '5.0',
    '5.',
    '.5',
  ],
  ...['-0.00', '0.0', '0.00', '12.3', '12.30', '012.30', '+12.30', '12.300', '.50', '1e2', '0.5000', '0.500'],
  ...['9999999999.99', '10000000000.00', '999999999999.999999', '9999999999999999999999.00'],
  ...['1_000', '1,000', '５', '5\n', '\n5', '5\t', '--5', '- 5', 'five', 'NaN', 'Infinity', '2.5'],
  ...['2147483647', '2147483648', '-2147483649', String(largest), `-${largest}`],
  ...['9007199254740992', '9007199254740993', '-9007199254740992', '9999999999999999', '-9999999999999999'],
  ...[
    '10000000000000000',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '9'.repeat(400),
  ],
];

const booleanTexts = [
  'true',
  'false',
  'TRUE',
  'True',
  't',
  'f',
  'yes',
  'no',
  'on',
  'off',
  ' true',
  'true\n',
  'tru',
];

const uuids = [
  '018f0000-0000-7000-8000-000000000001',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
];
const uuidTexts = [
  ...uuids,
  '018F0000-0000-7000-8000-00000000000A',
  '{018f0000-0000-7000-8000-000000000001}',
  '018f0000000070008000000000000001',
  '018f-0000-0000-7000-8000-0000-0000-0001',
  '018f0000-0000-7000-8000-00000000000',
  '018f0000-0000-7000-8000-00000000000g',
  '018f0000-0000-7000-8000-000000000001\n',
  'urn:uuid:018f0000-0000-7000-8000-000000000001',
];

const dates = [
  '0001-01-01',
  '1582-10-10',
  '1900-02-28',
  '1970-01-01',
  '2000-02-29',
  '2024-02-29',
  '9999-12-31',
];
const dateTexts = [
  ...dates,
  ...[
    '0000-01-01',
    '-0001-01-01',
    '10000-01-01',
    '+02024-01-01',
    '2023-02-29',
    '2023-02-30',
    '1900-02-29',
    '2100-02-29',
  ],
  ...[
    '2024-04-31',
    '2024-06-31',
    '2024-12-32',
    '2024-13-01',
    '2024-00-10',
    '2024-01-00',
    '2024-2-9',
    '20240101',
    '2024/01/01',
  ],
  ...[
    '01/02/2024',
    '2024-01-01 ',
    ' 2024-01-01',
    '2024-01-01\n',
    '2024-01-01 BC',
    'January 8, 1999',
    '2024-060',
    '2024-W01-1',
  ],
  ...[
    'now',
    'today',
    'tomorrow',
    'yesterday',
    'epoch',
    'infinity',
    '-infinity',
    'allballs',
    '2460000.5',
    '２０２４-01-01',
  ],
];

const times = ['T00:00:00.000Z', 'T23:59:59.999Z', 'T12:30:45.120Z', 'T00:00:00.001Z'];
const timestamps3 = [
  ...times.map((time) => `2024-02-29${time}`),
  '0001-01-01T00:00:00.000Z',
  '0001-01-01T00:00:00.001Z',
  '9999-12-31T23:59:59.999Z',
  '9999-12-31T00:00:00.000Z',
];
const timestamps6 = [
  '2024-02-29T00:00:00.000000Z',
  '2024-02-29T00:00:00.000001Z',
  '2024-02-29T23:59:59.999999Z',
  '2024-02-29T23:59:59.999000Z',
  '2024-02-29T12:30:45.120456Z',
  '9999-12-31T23:59:59.999999Z',
  '0001-01-01T00:00:00.000000Z',
];
const timestampTexts = [
  ...timestamps3,
  ...timestamps6,
  ...[
    'T24:00:00.000Z',
    'T23:59:60.000Z',
    'T23:60:00.000Z',
    'T25:00:00.000Z',
    'T00:00:00Z',
    'T00:00Z',
    'T00:00:00.0Z',
  ].map((time) => `2024-06-30${time}`),
  ...[
    'T00:00:00.000',
    'T00:00:00.000+00:00',
    'T00:00:00.000z',
    't00:00:00.000Z',
    ' 00:00:00.000Z',
    'T00:00:00,000Z',
  ].map((time) => `2024-06-30${time}`),
  ...[
    'T00:00:00.0000Z',
    'T00:00:00.00000Z',
    'T00:00:00.0000000Z',
    'T00:00:00.000Z\n',
    'T1:00:00.000Z',
    'T+1:00:00.000Z',
  ].map((time) => `2024-06-30${time}`),
  ...['2023-02-30', '2023-02-29', '0000-01-01', '10000-01-01', '2024-13-01'].flatMap((day) => [
    `${day}T00:00:00.000Z`,
    `${day}T00:00:00.000000Z`,
  ]),
];

const texts = [
  ...integerTexts,
  ...booleanTexts,
  ...uuidTexts,
  ...dateTexts,
  ...timestampTexts,
  ...[
    'null',
    'NULL',
    '{}',
    '[1]',
    '"a"',
    '192.0.2.1',
    '192.0.2.1/32',
    '2001:db8::1',
    '2001:DB8::1',
    "it's",
    'ä 😀',
  ],
];

const reals = [
  ...[
    0,
    1,
    -1,
    2,
    0.5,
    2.5,
    -2.5,
    1.5,
    0.1,
    1e15,
    1e15 + 0.5,
    largest,
    -largest,
    2 ** 53,
    -(2 ** 53),
    2 ** 53 + 2,
  ],
  ...[
    2147483647.5,
    2147483648,
    2 ** 63,
    -(2 ** 63),
    1e300,
    -1e300,
    Number.MAX_VALUE,
    5e-324,
    1e-10,
    0.49999999999999994,
  ],
];

const digits = (total: number, scale: number): StoredForm => ({
  kind: 'decimal',
  precision: 3,
  encrypted: false,
  digits: { total, scale },
});

const form = (kind: StoredForm['kind'], precision: 3 | 6 = 3): StoredForm => ({
  kind,
  precision,
  encrypted: false,
});

const arrayOf = (kind: ArrayElement['kind'], precision: 3 | 6 = 3): StoredForm => ({
  ...form('array'),
  element: { kind, precision },
});

/** Every kind, with difficult values. A new kind adds a line. */
export const kindsOfColumns: readonly KindOfColumn[] = [
  { name: 'text', form: form('text'), type: z.string(), values: texts },
  {
    name: 'integer',
    form: form('integer'),
    type: z.int(),
    values: [0, 1, 2, -1, 5, 2147483647, 2147483648, -2147483649, largest, -largest],
  },
  {
    name: 'small integer',
    form: form('integer'),
    type: z.int32(),
    values: [0, 1, 2, -1, 2147483647, -2147483648],
  },
  { name: 'one or zero', form: form('integer'), type: z.literal([0, 1]), values: [0, 1] },
  {
    name: 'bigint',
    form: form('bigint'),
    type: bigint(),
    values: [
      ...['0', '1', '-1', '2', '9007199254740991', '9007199254740992', '9007199254740993'],
      ...['-9007199254740991', '-9007199254740992', '9223372036854775807', '-9223372036854775808'],
    ],
  },
  {
    name: 'money',
    form: digits(12, 2),
    type: decimal(12, 2),
    values: ['0.00', '0.01', '-0.01', '1.00', '-1.00', '12.30', '99.99', '9999999999.99', '-9999999999.99'],
  },
  {
    name: 'longest decimal',
    form: digits(18, 6),
    type: decimal(18, 6, { min: '-1.000000' }),
    values: ['0.000000', '0.000001', '-1.000000', '1.000000', '12.300000', '999999999999.999999'],
  },
  {
    name: 'fraction',
    form: digits(3, 3),
    type: decimal(3, 3),
    values: ['0.000', '0.001', '-0.999', '0.500', '0.010'],
  },
  {
    name: 'whole decimal',
    form: digits(18, 0),
    type: decimal(18, 0),
    values: ['0', '1', '-1', '9007199254740991', '9007199254740993', '-999999999999999999'],
  },
  {
    name: 'positive bigint',
    form: form('bigint'),
    type: bigint().min(0n),
    values: ['0', '9007199254740993', '9223372036854775807'],
  },
  { name: 'real', form: form('real'), type: z.number(), values: reals },
  { name: 'boolean', form: form('boolean'), type: z.boolean(), values: [true, false] },
  { name: 'uuid', form: form('uuid'), type: z.uuid(), values: uuids },
  { name: 'timestamp', form: form('timestamp'), type: timestamp(), values: timestamps3 },
  {
    name: 'microseconds',
    form: form('timestamp', 6),
    type: z.iso.datetime({ precision: 6 }),
    values: timestamps6,
  },
  { name: 'date', form: form('date'), type: z.iso.date(), values: dates },
  {
    name: 'inet',
    form: form('inet'),
    type: inet(),
    values: ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1'],
  },
  {
    name: 'json',
    form: form('json'),
    type: json(z.unknown()),
    values: [{ a: 1, b: [1.5, 'x'] }, [], 'text', 5, true],
  },
  {
    name: 'texts',
    form: arrayOf('text'),
    type: array(z.string()),
    values: [[], [''], ['NULL', '"', '\\', '{}', 'a,b', 'é😀']],
  },
  { name: 'uuids', form: arrayOf('uuid'), type: array(z.uuid()), values: [[], uuids] },
  {
    name: 'integers',
    form: arrayOf('integer'),
    type: array(z.int()),
    values: [[], [0], [-1, largest, -largest]],
  },
  {
    name: 'small integers',
    form: arrayOf('integer'),
    type: array(z.int32()),
    values: [[], [0, 2147483647, -2147483648]],
  },
  { name: 'booleans', form: arrayOf('boolean'), type: array(z.boolean()), values: [[], [true, false]] },
  { name: 'dates', form: arrayOf('date'), type: array(z.iso.date()), values: [[], dates] },
  { name: 'timestamps', form: arrayOf('timestamp'), type: array(timestamp()), values: [[], timestamps3] },
  {
    name: 'microsecond timestamps',
    form: arrayOf('timestamp', 6),
    type: array(z.iso.datetime({ precision: 6 })),
    values: [[], timestamps6],
  },
  { name: 'bytes', form: form('bytes'), type: bytes(), values: [new Uint8Array([0, 255]), new Uint8Array()] },
];

/** Whether a value is one that the table of conversions knows. */
export function isPlain(value: unknown): value is StoredValue {
  return typeof value !== 'object';
}
