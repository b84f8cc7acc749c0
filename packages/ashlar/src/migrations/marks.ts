import type { AdoptMark } from '../contract/adoption.js';
import type { SqlName } from '../contract/sql.js';
import { placeMark } from '../engines/foreign-value.js';
import { AshlarError } from '../errors.js';
import type { Retype } from './retypes.js';

/** What a person has to say about a column, in words. */
export const markTexts: Readonly<Record<AdoptMark, string>> = {
  'time-without-zone': 'a time without zone: in which zone was it written?',
  'no-conversion': 'no rule says what its values become',
};

/** A column whose conversion only a person can say. */
export interface Mark {
  readonly table: string;
  readonly column: string;
  readonly mark: AdoptMark;
}

/** Returns the conversions of a step that only a person can say. */
export function marksOf(retypes: readonly Retype[]): readonly Mark[] {
  return retypes.flatMap(({ table, column, foreign }) =>
    foreign?.mark === undefined ? [] : [{ table, column, mark: foreign.mark }],
  );
}

/** Returns the directives of marks: a step that has one is not run. */
export function fillText(marks: readonly Mark[]): readonly string[] {
  return marks.map((mark) => `-- ashlar: fill ${placeOf(mark)}: ${markTexts[mark.mark]}`);
}

const placeOf = ({ table, column }: Mark): string => `${table}.${column}`;

/**
 * Writes the zone of times into the proposals of a step, and removes their marks.
 *
 * @param text - a file of the step
 * @param marks - those that the zone answers
 * @param zone - as PostgreSQL names zones: `UTC`, `Europe/Berlin`
 */
export function inZone(text: string, marks: readonly Mark[], zone: string): string {
  const written = `'${zone.replaceAll("'", "''")}'`;
  return marks.reduce((sql, mark) => {
    const place = ` ${placeMark(placeOf(mark))}`;
    return sql
      .split(place)
      .map((part, at, all) => (at < all.length - 1 ? withLastZone(part, written) : part))
      .join('');
  }, text);
}

// the nearest one before the mark
const withLastZone = (part: string, zone: string): string => {
  const proposed = "AT TIME ZONE 'UTC'";
  const at = part.lastIndexOf(proposed);
  return at < 0 ? part : `${part.slice(0, at)}AT TIME ZONE ${zone}${part.slice(at + proposed.length)}`;
};

/** @throws AshlarError `usage` for a zone that the expressions of a dialect cannot read */
export function assertZone(dialect: SqlName, zone: string): void {
  const isKnown = isZone(zone);
  if (isKnown && (dialect === 'postgres' || zone === 'UTC')) return;
  throw new AshlarError('usage', {
    message: isKnown ? `SQLite knows no zone but UTC, not ${zone}.` : `There is no time zone ${zone}.`,
    suggestion: isKnown
      ? 'Leave out --zone, and write the expressions into the step.'
      : 'Name it as the IANA database does: --zone Europe/Berlin.',
  });
}

const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
};
