import type { Schema } from '../../contract/schema.js';
import type { SystemFacts } from '../../contract/system.js';
import { AshlarError } from '../../errors.js';
import { keysOf, objectsOf } from './keys.js';
import type { Ownership } from './ownership.js';

/** What happens to an object that the model lacks, made by a step that does not say who made it. */
export type ObjectAnswer = 'keep' | 'drop';

/** Decides about one such object, given as it stands in directives: `index orders_by_status`. */
export type DecideObject = (object: string) => Promise<ObjectAnswer>;

/** The schemas of one dialect, with the owners of what the steps made. */
export interface OwnedComparison {
  readonly before: Schema;
  readonly after: Schema;
  readonly ownership: Ownership;
}

// what guarantees and generated columns call their objects, after the name of the table
const ofGuarantees =
  /_(append_only|audited|trail_insert|keyring|acyclic|encrypted|retained|purges|ledger|lifecycle|default|scoped|versioned|touched|generated|rowid|fkey)(_|\W|$)/;

/**
 * Returns the objects of steps without directives of which it is not known who made them, and which the model lacks.
 * Columns, constraints and objects with the name of a guarantee's on a declared table count as made by Ashlar.
 */
export function undeclaredObjects(
  { before, after, ownership }: OwnedComparison,
  system: SystemFacts,
): readonly string[] {
  const declared = keysOf(after);
  const tables = new Set([
    ...after.tables.map(({ name }) => name),
    ...Object.values(system.tables).map(({ name }) => name),
  ]);
  return objectsOf(before)
    .filter(({ key, type, name, table }) => {
      if (!ownership.unknown.has(key) || declared.has(key)) return false;
      if (table !== undefined && before.tables.some((each) => each.name === table) && !tables.has(table))
        return false;
      if (type === 'column' || type === 'constraint') return false;
      return ![...tables].some((of) => name.startsWith(`${of}_`) && ofGuarantees.test(name));
    })
    .map(({ key }) => key);
}

/** The objects that an answer decides about: a missing table is asked about with the renames. */
export function askedObjects(objects: readonly string[]): readonly string[] {
  return objects.filter((key) => !key.startsWith('table '));
}

/**
 * Asks about each undeclared object once, in all dialects together.
 *
 * @throws AshlarError `migration-ambiguous` if there is no answer
 */
export async function answersFor(
  objects: readonly string[],
  given: Readonly<Record<string, ObjectAnswer>>,
  decide: DecideObject | undefined,
): Promise<ReadonlyMap<string, ObjectAnswer>> {
  const answers = new Map<string, ObjectAnswer>();
  const open: string[] = [];
  for (const object of new Set(objects)) {
    const answer = given[object] ?? (await decide?.(object));
    if (answer) answers.set(object, answer);
    else open.push(object);
  }
  const [first] = open;
  if (first === undefined) return answers;
  throw new AshlarError('migration-ambiguous', {
    message: `No table declares ${open.join(', ')}.`,
    detail: 'The steps that made it do not say whether Ashlar wrote them or a person.',
    suggestion: `Choose for each: --keep "${first}", or --drop-object "${first}". The answer is written into the step.`,
  });
}
