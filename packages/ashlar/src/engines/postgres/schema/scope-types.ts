import { literal } from '../../../model/index.js';

/** A type that a scope column may have, and how a scope is recognised as one of its values. */
export interface ScopeType {
  readonly type: 'uuid' | 'text' | 'bigint';
  /** The name of the type in `pg_catalog`. */
  readonly internal: 'uuid' | 'text' | 'int8';
  /** The ends of the type, as SQL. */
  readonly ends: readonly [low: string, high: string];
  /** The condition that the scope is the text of a value of the type. */
  readonly isValue: string;
}

const scope = "pg_catalog.current_setting('ashlar.scope', true)";
const like = (pattern: string): string => `${scope} OPERATOR(pg_catalog.~) ${literal(pattern)}`;

// text has no greatest value: a scope that begins with the last Unicode character is refused
const last = "U&'\\+10FFFF'";

/** The types that a scope column may have. */
export const scopeTypes: readonly ScopeType[] = [
  {
    type: 'uuid',
    internal: 'uuid',
    ends: ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    isValue: like('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
  },
  {
    type: 'text',
    internal: 'text',
    ends: ["''", last],
    isValue: `${scope} OPERATOR(pg_catalog.<>) '' AND NOT pg_catalog.starts_with(${scope}, ${last})`,
  },
  {
    type: 'bigint',
    internal: 'int8',
    ends: ["'-9223372036854775808'", "'9223372036854775807'"],
    isValue: like('^(0|-?[1-9][0-9]{0,15})$'),
  },
];
