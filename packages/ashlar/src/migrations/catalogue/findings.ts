import { createHash } from 'node:crypto';
import type { CataloguePart } from '../../contract/catalogue.js';
import { omittedFindings, omittedKey } from '../omitted-parts.js';
import type { Difference } from './compare.js';
import type { Comparison } from './comparison.js';
import { directiveOf, lineOf } from './words.js';

/** Returns the lines of `drift` from a comparison. */
export function driftOf(compared: Comparison): string[] {
  return [
    ...compared.differences
      .filter((difference) => isFinding(difference, compared))
      .map((difference) => lineOf(difference, compared.found.schema)),
    ...omittedFindings(compared),
  ];
}

/** A part that differs, with the texts that a line is too short for. */
export interface ChangedFacts {
  /** As `accepts` names it. */
  readonly object: string;
  readonly fact: string;
  /** What the steps make; `null` where it has no such fact. */
  readonly expected: string | null;
  readonly found: string | null;
}

/** Returns the facts of a comparison that differ, with both texts. */
export function changedFactsOf(compared: Comparison): readonly ChangedFacts[] {
  return compared.differences
    .filter((difference) => isFinding(difference, compared))
    .flatMap(({ part, facts }) =>
      facts.map(({ fact, expected = null, found = null }) => ({
        object: directiveOf(part),
        fact,
        expected,
        found,
      })),
    );
}

/** Facts of storage, which change no result, and whether a materialized view has been refreshed. */
const storage = new Set(['tuning', 'populated']);

/** Whether a difference is a change that needs a step; otherwise `status` names it. */
export function isFinding({ what, part, facts }: Difference, compared: Comparison): boolean {
  if (what === 'differs') {
    const allowed = compared.accepted.get(directiveOf(part))?.facts ?? [];
    return facts.some(({ fact }) => !storage.has(fact) && !allowed.includes(fact));
  }
  if (what === 'missing' || what === 'twice') return true;
  if (isReplaced(part, compared)) return true;
  if (isOmitted(part, compared) || isAccepted(part, compared)) return false;
  return isOfKnownTable(part, compared) || compared.weakens(part);
}

/** Whether the system accepts an object that no step makes, as it is. */
export function isAccepted(part: CataloguePart, { accepted }: Comparison): boolean {
  const found = accepted.get(directiveOf(part));
  return found !== undefined && (found.sha256 === undefined || found.sha256 === factsHash(part));
}

/** Whether an object has taken the name of one that the system accepts. */
export function isReplaced(part: CataloguePart, compared: Comparison): boolean {
  return compared.accepted.has(directiveOf(part)) && !isAccepted(part, compared);
}

/** Returns the hash of what an object is, by which a system accepts this one and none that takes its name. */
export function factsHash({ kind, name, facts }: CataloguePart): string {
  const sorted = Object.entries(facts).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([kind, name, sorted]))
    .digest('hex');
}

const ofTables = new Set(['column', 'constraint']);

const isOfKnownTable = ({ kind, on }: CataloguePart, { expected }: Comparison): boolean =>
  ofTables.has(kind) && expected.catalogue.parts.some((part) => part.kind === 'table' && part.name === on);

/** Whether shadow databases are made without a part, or without its table. */
export function isOmitted(part: CataloguePart, { expected }: Comparison): boolean {
  const { omitted } = expected.ownership;
  if (omitted.size === 0) return false;
  return (
    omitted.has(omittedKey(part)) ||
    (part.on !== undefined && omitted.has(directiveOf({ kind: 'table', name: part.on, facts: {} })))
  );
}
