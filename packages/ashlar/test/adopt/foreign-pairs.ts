import { bytes, decimal, json, timestamp } from 'ashlar';
import { z } from 'zod';

/** A column of another program, how it is declared, and what becomes of its values. */
export interface ForeignPair {
  readonly type: string;
  /** The declared type; nullable, as the column is. */
  readonly declared: z.ZodType;
  /** A value as SQL → the same in the new form, as the engine quotes it. */
  readonly kept: readonly (readonly [value: string, stored: string])[];
  /** Values without an equal: the step fails, and changes nothing. */
  readonly refused?: readonly string[];
  /** Whether no sample of the kind fits the type. */
  readonly unsampled?: true;
  /** Whether only a person can say it. */
  readonly marked?: true;
}

const id1 = '0198c0de-0000-7000-8000-000000000001';
const enumOf = z.enum(['calm', "it's odd"]);

/** What the types of PostgreSQL need that are made by hand. */
export const postgresTypes = `
  CREATE TYPE mood AS ENUM ('calm', 'it''s odd', 'wild');
  CREATE TYPE "Odd Type" AS ENUM ('a');
  CREATE DOMAIN year AS integer CHECK (VALUE > 1900);
  CREATE DOMAIN word AS text CHECK (VALUE <> '');
`;

export const postgresPairs: readonly ForeignPair[] = [
  {
    type: 'varchar(20)',
    declared: z.string().max(20),
    kept: [
      ["'it''s'", "'it''s'"],
      ["''", "''"],
      ["'a  '", "'a  '"],
    ],
  },
  { type: 'varchar', declared: z.string().max(3), kept: [["'abc'", "'abc'"]], refused: ["'abcd'"] },
  {
    type: 'char(5)',
    declared: z.string().max(5),
    kept: [
      ["'ab'", "'ab'"],
      ["'abcde'", "'abcde'"],
    ],
  },
  { type: 'bpchar', declared: z.string(), kept: [["'ab'", "'ab'"]] },
  {
    type: 'varchar(40)',
    declared: z.uuid(),
    kept: [[`'${id1}'`, `'${id1}'`]],
    refused: ["'none'", `'${id1.toUpperCase()}'`],
  },
  { type: 'varchar(9)', declared: z.int(), kept: [["'12'", "'12'"]], refused: ["'1.5'", "'012'", "''"] },
  {
    type: 'varchar(30)',
    declared: timestamp(),
    kept: [["'2024-02-29T00:00:00.001Z'", "'2024-02-29 00:00:00.001+00'"]],
    refused: ["'2024-02-29 00:00:00'"],
  },
  { type: 'name', declared: z.string(), kept: [["'ab'", "'ab'"]] },
  { type: 'smallint', declared: z.int(), kept: [['-32768', "'-32768'"]] },
  {
    type: 'smallint',
    declared: z.boolean(),
    kept: [
      ['1', "'true'"],
      ['0', "'false'"],
    ],
    refused: ['2'],
  },
  { type: 'smallint', declared: decimal(6, 2), kept: [['7', "'7.00'"]], refused: ['10000'] },
  { type: 'oid', declared: z.int(), kept: [['4000000000', "'4000000000'"]] },
  {
    type: 'real',
    declared: z.number(),
    kept: [
      ['0.1', "'0.1'"],
      ['16777216', "'16777216'"],
    ],
  },
  { type: 'real', declared: z.int(), kept: [['5', "'5'"]], refused: ['0.5'] },
  { type: 'json', declared: json(z.json()), kept: [[`'{"a": [1]}'`, `'{"a": [1]}'`]] },
  {
    type: 'numeric',
    declared: decimal(10, 2),
    kept: [
      ['2.5', "'2.50'"],
      ['-3', "'-3.00'"],
    ],
    refused: ['2.555', '123456789', "'NaN'"],
  },
  { type: 'numeric', declared: z.int(), kept: [['12', "'12'"]], refused: ['1.5'] },
  { type: 'money', declared: decimal(12, 2), kept: [['2.5', "'2.50'"]] },
  {
    type: 'date',
    declared: z.iso.date(),
    kept: [["'2024-02-29'", "'2024-02-29'"]],
    refused: ["'infinity'", "'0044-03-15 BC'"],
  },
  { type: 'date', declared: timestamp(), kept: [["'2024-02-29'", "'2024-02-29 00:00:00+00'"]] },
  {
    type: 'timestamptz',
    declared: timestamp(),
    kept: [["'2024-02-29 12:00:00.25+02'", "'2024-02-29 10:00:00.25+00'"]],
    refused: ["'2024-02-29 12:00:00.000001+00'", "'infinity'"],
  },
  {
    type: 'timestamptz',
    declared: z.iso.datetime({ precision: 6 }),
    kept: [["'2024-02-29 12:00:00.000001+02'", "'2024-02-29 10:00:00.000001+00'"]],
  },
  {
    type: 'timestamptz(0)',
    declared: z.iso.date(),
    kept: [["'2024-02-29 00:00:00+00'", "'2024-02-29'"]],
    refused: ["'2024-02-29 12:00:00+00'"],
  },
  {
    type: 'timestamp',
    declared: z.iso.datetime({ precision: 6 }),
    kept: [["'2024-02-29 12:00:00.000001'", "'2024-02-29 12:00:00.000001+00'"]],
    marked: true,
  },
  {
    type: 'timestamp(3)',
    declared: timestamp(),
    kept: [["'2024-02-29 12:00:00.5'", "'2024-02-29 12:00:00.5+00'"]],
    refused: ["'infinity'"],
    marked: true,
  },
  {
    type: 'timestamp',
    declared: z.iso.date(),
    kept: [["'2024-02-29'", "'2024-02-29'"]],
    refused: ["'2024-02-29 00:00:01'"],
  },
  { type: 'mood', declared: enumOf, kept: [["'it''s odd'", "'it''s odd'"]], refused: ["'wild'"] },
  { type: '"Odd Type"', declared: z.string(), kept: [["'a'", "'a'"]], unsampled: true },
  { type: 'year', declared: z.int(), kept: [['2000', "'2000'"]], unsampled: true },
  { type: 'word', declared: z.string(), kept: [["'a'", "'a'"]] },
  { type: 'time', declared: z.string(), kept: [["'12:30:00'", "'12:30:00'"]], unsampled: true },
  { type: 'interval', declared: z.string(), kept: [["'1 day'", "'P1D'"]], unsampled: true },
  { type: 'bit(3)', declared: z.string(), kept: [["B'101'", "'101'"]], unsampled: true },
];

export const sqlitePairs: readonly ForeignPair[] = [
  {
    type: 'NVARCHAR(20)',
    declared: z.string().max(20),
    kept: [
      ["'it''s'", "'it''s'"],
      ["''", "''"],
    ],
    refused: ["X'00'", `'${'x'.repeat(21)}'`],
  },
  {
    type: 'VARCHAR(40)',
    declared: z.uuid(),
    kept: [[`'${id1}'`, `'${id1}'`]],
    refused: ["'none'", `'${id1.toUpperCase()}'`],
  },
  { type: 'VARCHAR(9)', declared: z.int(), kept: [["'12'", '12']], refused: ["'1.5'", "'012'", "''"] },
  { type: 'VARCHAR(9)', declared: decimal(6, 2), kept: [["'1.50'", '150']], refused: ["'1.5'"] },
  { type: 'CLOB', declared: json(z.json()), kept: [[`'{"a":[1]}'`, `'{"a":[1]}'`]], refused: ["'{'"] },
  { type: 'TINYINT', declared: z.int(), kept: [['-5', '-5']], refused: ["'abc'", '0.5'] },
  {
    type: 'TINYINT(1)',
    declared: z.boolean(),
    kept: [
      ['1', '1'],
      ['0', '0'],
    ],
    refused: ['2'],
  },
  { type: 'BIGINT', declared: z.int(), kept: [['5', '5']], refused: ['9007199254740993'] },
  { type: 'INTEGER', declared: z.int(), kept: [['5', '5']], refused: ["'abc'", '0.5'] },
  {
    type: 'INTEGER',
    declared: timestamp(),
    kept: [
      ['1709208000', "'2024-02-29T12:00:00.000Z'"],
      ['1709208000250', "'2024-02-29T12:00:00.250Z'"],
    ],
    refused: ["'abc'"],
    marked: true,
  },
  {
    type: 'BOOLEAN',
    declared: z.boolean(),
    kept: [
      ['1', '1'],
      ["'false'", '0'],
      ["'TRUE'", '1'],
    ],
    refused: ['2', "'yes'"],
  },
  {
    type: 'NUMERIC(10,2)',
    declared: decimal(10, 2),
    kept: [
      ['2.5', '250'],
      ['3', '300'],
      ['0.29', '29'],
      ['-1.1', '-110'],
    ],
    refused: ['2.555', "'abc'", '123456789'],
  },
  {
    type: 'NUMERIC',
    declared: z.number(),
    kept: [
      ['2.5', '2.5'],
      ['3', '3.0'],
    ],
    refused: ["'abc'"],
  },
  { type: 'DOUBLE', declared: z.number(), kept: [['2.5', '2.5']], refused: ["'abc'"] },
  { type: 'FLOAT', declared: decimal(6, 2), kept: [['0.07', '7']], refused: ['0.071'] },
  { type: 'REAL', declared: decimal(6, 2), kept: [['0.07', '7']], refused: ['0.071'] },
  {
    type: 'DATE',
    declared: z.iso.date(),
    kept: [["'2024-02-29'", "'2024-02-29'"]],
    refused: ["'2023-02-29'", "'2024-02-29 00:00:00'", '5'],
  },
  {
    type: 'DATETIME',
    declared: timestamp(),
    kept: [
      ["'2024-02-29 12:00:00'", "'2024-02-29T12:00:00.000Z'"],
      ["'2024-02-29T12:00:00.25+02:00'", "'2024-02-29T10:00:00.250Z'"],
      ['1709208000', "'2024-02-29T12:00:00.000Z'"],
    ],
    refused: ["'now'", "'12:00'", "'2023-02-29 00:00:00'", "'2024-02-29 12:00:00.000001'"],
    marked: true,
  },
  {
    type: 'TIMESTAMP',
    declared: z.iso.datetime({ precision: 6 }),
    kept: [["'2024-02-29 12:00'", "'2024-02-29T12:00:00.000000Z'"]],
    marked: true,
  },
  {
    type: 'TEXT',
    declared: timestamp(),
    kept: [["'2024-02-29'", "'2024-02-29T00:00:00.000Z'"]],
    refused: ["'soon'", "'2453101'"],
    marked: true,
  },
  { type: 'JSON', declared: json(z.json()), kept: [[`'{"a":1}'`, `'{"a":1}'`]], refused: ["'{'"] },
  { type: 'TEXT', declared: json(z.json()), kept: [[`'[1]'`, `'[1]'`]], refused: ["'{'"] },
  { type: 'UUID', declared: z.uuid(), kept: [[`'${id1}'`, `'${id1}'`]], refused: ["'none'"] },
  { type: '', declared: z.string(), kept: [["'a'", "'a'"]], unsampled: true },
  { type: 'LONGBLOB', declared: bytes(), kept: [["X'00ff'", "X'00FF'"]], refused: ["'text'"] },
];
