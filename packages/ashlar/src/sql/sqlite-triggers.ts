import type { GuaranteeObject } from '../contract/guarantee.js';
import { identifier, literal } from '../model/index.js';
import { sql } from './template.js';

/** An SQLite trigger: when it fires, on which condition, and the statements that it runs. */
export interface SqliteTrigger {
  readonly name: string;
  /** The time and the event of the trigger: `BEFORE UPDATE`. */
  readonly on: string;
  readonly table: string;
  /** The SQL condition under which the trigger fires; by default always. */
  readonly when?: string;
  /** SQL statements without their semicolons, such as `SELECT ${raise(…)} WHERE …`. */
  readonly body: readonly string[];
  /**
   * If true, the trigger is created with IF NOT EXISTS, because the SQL of another table may already have created it.
   */
  readonly ifMissing?: boolean;
}

/** Builds an SQLite trigger. */
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
 * An SQL expression that refuses a write: the caller gets the error `guarantee-violated` with this text. The text is
 * a constant: SQLite before 3.47 refuses an expression in RAISE.
 *
 * @param text - a sentence without its full stop
 */
export function raise(guarantee: string, text: string): string {
  return `RAISE(ABORT, ${literal(`ashlar/${guarantee}: ${text}`)})`;
}
