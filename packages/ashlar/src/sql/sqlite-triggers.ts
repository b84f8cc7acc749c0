import type { GuaranteeObject } from '../contract/guarantee.js';
import { identifier, literal } from '../model/index.js';
import { sql } from './template.js';

/** One trigger: when it fires, under which condition, and what it does. */
export interface SqliteTrigger {
  readonly name: string;
  /** `BEFORE UPDATE`, … */
  readonly on: string;
  readonly table: string;
  /** A condition of SQL. */
  readonly when?: string;
  /** Statements of SQL without their semicolons, such as `SELECT ${raise(…)} WHERE …`. */
  readonly body: readonly string[];
  /** For a trigger on another table than the guarantee's, which may be created together with either. */
  readonly ifMissing?: boolean;
}

/** A trigger of SQLite. */
export function sqliteTrigger({ name, on, table, when, body, ifMissing }: SqliteTrigger): GuaranteeObject {
  return {
    type: 'trigger',
    name,
    sql: sql`
      CREATE TRIGGER ${ifMissing ? 'IF NOT EXISTS ' : ''}${identifier(name)} ${on} ON ${identifier(table)}
      ${when === undefined ? undefined : [`WHEN ${when}`]}
      BEGIN
        ${body.map((statement) => `${statement};`)}
      END
    `,
  };
}

/**
 * An expression that refuses a write: the writer gets `guarantee-violated` with the text. The text is a constant: SQLite
 * before 3.47 refuses an expression in RAISE.
 *
 * @param text - a sentence without its full stop
 */
export function raise(guarantee: string, text: string): string {
  return `RAISE(ABORT, ${literal(`ashlar/${guarantee}: ${text}`)})`;
}
