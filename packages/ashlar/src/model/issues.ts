import { z } from 'zod';
import type { Column } from '../contract/column.js';
import type { ErrorIssue } from '../errors.js';
import { definitionOf } from './zod-definition.js';

/** Where issues come from: the schema that was used, the value that it refused, and the columns if it was a row. */
export interface IssueSource {
  readonly schema: z.core.$ZodType;
  readonly given: unknown;
  readonly columns?: Readonly<Record<string, Column>>;
}

/**
 * Returns Zod's issues as facts of an error, without a value. A message that repeats a value becomes Zod's own; a path
 * ends before a key that the schema does not declare, such as that of a record; of an encrypted column only code and
 * column remain. A message that has a part of a value, or a value in another form, is not recognised: messages of
 * refinements should have none.
 */
export function errorIssues(
  issues: readonly z.core.$ZodIssue[],
  { schema, given, columns = {} }: IssueSource,
): readonly ErrorIssue[] {
  return issues.map((issue) => {
    const [name] = issue.path;
    const column = typeof name === 'string' && Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (column?.plaintext) return { code: issue.code, path: [column.property] };
    return { code: issue.code, path: declaredPath(schema, issue.path), message: messageOf(issue, given) };
  });
}

/** Writes an issue as text: its path after `prefix`, and its message. */
export function issueText({ path, message }: ErrorIssue, ...prefix: readonly string[]): string {
  const text = message ?? 'the value is not valid, and the problem of an encrypted value is not shown';
  return [[...prefix, ...path].join('.'), text].filter(Boolean).join(': ');
}

/** Whether an issue is one of Ashlar's own: the value is valid, but an engine could not return it unchanged. */
export function isStorageIssue(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.storage === true;
}

const declaredPath = (schema: z.core.$ZodType, path: readonly PropertyKey[]): (string | number)[] => {
  const declared: (string | number)[] = [];
  let parts: readonly z.core.$ZodType[] = [schema];
  for (const key of path) {
    if (typeof key === 'symbol') break;
    parts = parts.flatMap((part) => partsAt(part, key, new Set()));
    if (parts.length === 0) break;
    declared.push(key);
  }
  return declared;
};

/** The schemas that the property or element `key` of a value may have; none if the schema declares no such key. */
const partsAt = (
  schema: z.core.$ZodType,
  key: string | number,
  seen: Set<z.core.$ZodType>,
): readonly z.core.$ZodType[] => {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const within = (...inner: readonly z.core.$ZodType[]) => inner.flatMap((each) => partsAt(each, key, seen));
  const def = definitionOf(schema);
  switch (def.type) {
    case 'object':
      return Object.hasOwn(def.shape, key) ? [def.shape[key] as z.core.$ZodType] : [];
    case 'array':
      return typeof key === 'number' ? [def.element] : [];
    case 'tuple': {
      const item = typeof key === 'number' ? (def.items[key] ?? def.rest) : undefined;
      return item ? [item] : [];
    }
    case 'union':
      return within(...def.options);
    case 'intersection':
      return within(def.left, def.right);
    case 'pipe':
      return within(def.in, def.out);
    case 'lazy':
      return within(def.getter());
    default:
      return 'innerType' in def ? within(def.innerType) : [];
  }
};

const { localeError } = z.locales.en();

const messageOf = (issue: z.core.$ZodIssue, given: unknown): string => {
  // the keys inside a value are a part of it; those of a row are the names of columns that the caller took for declared
  if (issue.code === 'unrecognized_keys' && issue.path.length > 0) return 'Unrecognized keys';
  if (isStorageIssue(issue)) return issue.message;
  const said = localeError(issue as z.core.$ZodRawIssue);
  const own = (typeof said === 'object' ? said?.message : said) ?? 'Invalid input';
  return issue.message !== own && repeatsValue(issue, given) ? own : issue.message;
};

/** Shorter texts occur in messages by chance. */
const shortestElsewhere = 4;

const repeatsValue = ({ message, path }: z.core.$ZodIssue, given: unknown): boolean => {
  let about = given;
  for (const key of path) about = (about as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key];
  const has = (text: string): boolean => {
    const at = message.indexOf(text);
    if (text === '' || at === -1) return false;
    const [before = '', after = ''] = [message[at - 1], message[at + text.length]];
    return !isWordPart(before) && !isWordPart(after);
  };
  return (
    textsIn(about).some(has) ||
    textsIn(given).some((text) => text.length >= shortestElsewhere && message.includes(text))
  );
};

const isWordPart = (character: string): boolean => /[\p{L}\p{N}]/u.test(character);

const mostTexts = 10_000;

/** The texts of the values in a value, and of the keys of its objects inside. */
const textsIn = (value: unknown): readonly string[] => {
  const texts: string[] = [];
  const waiting: { readonly part: unknown; readonly depth: number }[] = [{ part: value, depth: 0 }];
  const seen = new Set<unknown>();
  for (let next = waiting.pop(); next && texts.length < mostTexts; next = waiting.pop()) {
    const { part, depth } = next;
    if (typeof part === 'string' || typeof part === 'number' || typeof part === 'bigint')
      texts.push(String(part));
    else if (part instanceof Date) texts.push(String(part), Number.isNaN(+part) ? '' : part.toISOString());
    else if (typeof part === 'object' && part !== null && !ArrayBuffer.isView(part) && !seen.has(part)) {
      seen.add(part);
      if (depth > 0 && !Array.isArray(part)) texts.push(...Object.keys(part));
      for (const inner of Object.values(part)) waiting.push({ part: inner, depth: depth + 1 });
    }
  }
  return texts;
};
