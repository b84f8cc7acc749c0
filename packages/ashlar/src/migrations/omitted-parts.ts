import type { CataloguePart } from '../contract/catalogue.js';
import { directiveOf, labelOf } from './catalogue/words.js';
import type { OmittedObject } from './omitted.js';
import type { OmittedForm } from './omitted-form.js';
import type { StepsState } from './steps-state.js';

/** What is compared: the parts of a database, and what its steps make. */
export interface OmittedParts {
  readonly found: { readonly parts: readonly CataloguePart[] };
  readonly expected: StepsState;
  /** Why the system accepts an object, by its name. */
  readonly accepted: ReadonlyMap<string, unknown>;
}

const withoutArguments = (key: string): string => key.replace(/\(.*$/s, '');

/** Returns the key by which directives omit a part: of a function without its arguments. */
export function omittedKey(part: CataloguePart): string {
  const { kind, on, partition } = part;
  const key = withoutArguments(directiveOf(part));
  const place = partition ?? on;
  // a directive names what belongs to a table with the table or without it
  return place === undefined ? key : key.replace(`${kind} ${place}.`, `${kind} `);
}

const ofTables = new Set(['trigger', 'policy', 'rule']);

/**
 * Compares the objects that shadow databases are made without with the statements of the steps, as far as these say what a server
 * describes: the text on SQLite; on PostgreSQL the body, the rights and the owner of a function, the function of a trigger,
 * and what else decides about rows. A trigger, a policy or a rule on such a table needs a step of its own.
 *
 * @returns one line for each difference
 */
export function omittedFindings({ found, expected, accepted }: OmittedParts): readonly string[] {
  const { omitted } = expected.ownership;
  if (omitted.size === 0) return [];
  const owner = expected.catalogue.parts.find(({ kind }) => kind === 'table')?.facts.owner;
  const byKey = new Map<string, CataloguePart[]>();
  const lines: string[] = [];
  for (const part of found.parts) {
    const object = omitted.get(omittedKey(part)) ?? omitted.get(withoutArguments(directiveOf(part)));
    if (object) byKey.set(object.key, [...(byKey.get(object.key) ?? []), part]);
    else if (isOnOmitted(part, omitted) && ofTables.has(part.kind) && !accepted.has(directiveOf(part)))
      lines.push(`${labelOf(part)} is made by no step`);
  }
  for (const object of omitted.values()) {
    const parts = byKey.get(object.key);
    if (parts) lines.push(...differencesOf(object, parts, owner));
    else lines.push(`the ${object.key} is missing`);
  }
  return lines;
}

const isOnOmitted = ({ on }: CataloguePart, omitted: StepsState['ownership']['omitted']): boolean =>
  on !== undefined && omitted.has(`table ${on}`);

// of several functions of one name, each is compared with the one that it is most like
const differencesOf = (
  { forms }: OmittedObject,
  parts: readonly CataloguePart[],
  owner: string | undefined,
): readonly string[] => {
  const rest = [...forms];
  const lines: string[] = [];
  const compared = parts.map((part) => {
    const at = rest.findIndex((form) => factsApart(form, part, owner).length === 0);
    return { part, form: at < 0 ? undefined : rest.splice(at, 1)[0] };
  });
  for (const { part, form } of compared) {
    if (form) continue;
    const [nearest] = rest.splice(0, 1);
    lines.push(
      nearest
        ? `${labelOf(part)} differs from the statement of its step: ${factsApart(nearest, part, owner).join(', ')}`
        : `${labelOf(part)} is made by no step`,
    );
  }
  return lines;
};

const ends = (text: string | undefined): string | undefined => text?.replaceAll('\r\n', '\n');

/** The facts in which a part differs from what a statement says. */
const factsApart = (
  form: OmittedForm,
  { kind, facts }: CataloguePart,
  owner: string | undefined,
): readonly string[] => {
  const apart = (fact: string, differs: boolean): readonly string[] => (differs ? [fact] : []);
  // SQLite has no owners, and keeps the text
  if (owner === undefined)
    return apart('definition', facts.definition !== undefined && facts.definition !== form.text);
  const owned = apart('owner', facts.owner !== undefined && facts.owner !== owner);
  switch (kind) {
    case 'function':
      return [
        ...apart('body', form.body !== undefined && ends(facts.body) !== ends(form.body)),
        ...apart('security', (facts.security === 'definer') !== form.isDefiner),
        ...apart('leakproof', (facts.leakproof !== undefined) !== form.isLeakproof),
        ...apart('settings', form.isDefiner && (facts.settings !== undefined) !== form.hasSettings),
        ...owned,
      ];
    case 'view':
      return [...apart('invoker', (facts.invoker !== undefined) !== form.isInvokerView), ...owned];
    case 'trigger':
      return [
        ...apart('function', calledIn(facts.definition) !== form.calls),
        ...apart('fires', facts.fires === 'never'),
      ];
    case 'policy':
      return apart('using', !form.isOpen && (facts.using === 'true' || facts.check === 'true'));
    case 'index':
      return [
        ...apart('uniqueness', /^CREATE UNIQUE /.test(facts.definition ?? '') !== form.isUnique),
        ...apart('valid', facts.valid !== undefined),
      ];
    default:
      return owned;
  }
};

const calledIn = (definition: string | undefined): string | undefined =>
  /EXECUTE (?:FUNCTION|PROCEDURE) (?:\S+\.)?"?([^"(.]+)"?\(/i.exec(definition ?? '')?.[1]?.toLowerCase();
