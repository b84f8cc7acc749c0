import type { KeyTexts } from '../../../contract/key-texts.js';

/** The keys of PostgreSQL's rows as text: what the server writes for a value and reads as that value again; bytes in hex. */
export const postgresKeyTexts: KeyTexts = {
  text: (value, { kind }) => (kind === 'bytes' ? `encode(${value}, 'hex')` : `${value}::text`),
  value: (text, { kind }, parameter) => ({
    sql: kind === 'bytes' ? `decode(${parameter}, 'hex')` : parameter,
    parameter: text,
  }),
  // the cast writes the length of the network, also of a single address
  shown: (text, { kind }) => (kind === 'inet' ? text.replace(/\/(32|128)$/, '') : text),
  // since PostgreSQL 17, NOT NULL lets the planner replace IS NULL by false
  isMissing: (value) => `num_nulls(${value}) > 0`,
  missingFirst: 'DESC',
};
