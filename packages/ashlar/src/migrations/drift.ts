import type { CataloguePart } from '../contract/catalogue.js';
import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import type { Difference } from './catalogue/compare.js';
import { type Comparison, compareWithSteps } from './catalogue/with-steps.js';
import { directiveOf, lineOf } from './catalogue/words.js';

/**
 * Finds the differences between the database and what its applied steps create: changes made without a migration. Every
 * object is compared, with its parts and their facts (decision 0028). Only the system's own tables are; the database or
 * schema may contain tables of other systems. Objects that were made by hand and can weaken no guarantee, such as an index,
 * are no difference: `status` names them.
 *
 * @returns one line for each difference
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function drift(engine: Engine, system: SystemFacts): Promise<string[]> {
  const compared = await compareWithSteps(engine, system);
  return compared === undefined ? [] : driftOf(compared);
}

/** Returns the lines of {@link drift} from a comparison. */
export function driftOf(compared: Comparison): string[] {
  const { omitted } = compared.expected.ownership;
  const present = new Set(compared.found.parts.map(directiveOf).map(withoutArguments));
  return [
    ...compared.differences.filter((difference) => isFinding(difference, compared)).map(lineOf),
    ...[...omitted.keys()].filter((key) => !present.has(key)).map((key) => `the ${key} is missing`),
  ];
}

const withoutArguments = (key: string): string => key.replace(/\(.*$/s, '');

/** Facts of storage, which change no result. */
const storage = new Set(['tuning']);

/** Whether a difference is a change that needs a step; otherwise `status` names it. */
export function isFinding({ what, part, facts }: Difference, compared: Comparison): boolean {
  if (what === 'differs') return facts.some(({ fact }) => !storage.has(fact));
  if (what === 'missing' || what === 'twice') return true;
  if (isOmitted(part, compared) || compared.accepted.has(directiveOf(part))) return false;
  return isOfKnownTable(part, compared) || compared.weakens(part);
}

const ofTables = new Set(['column', 'constraint']);

const isOfKnownTable = ({ kind, on }: CataloguePart, { expected }: Comparison): boolean =>
  ofTables.has(kind) && expected.catalogue.parts.some((part) => part.kind === 'table' && part.name === on);

/** Whether shadow databases are made without a part, or without its table. */
export function isOmitted(part: CataloguePart, { expected }: Comparison): boolean {
  const { omitted } = expected.ownership;
  if (omitted.size === 0) return false;
  return (
    omitted.has(withoutArguments(directiveOf(part))) ||
    (part.on !== undefined && omitted.has(directiveOf({ kind: 'table', name: part.on, facts: {} })))
  );
}
