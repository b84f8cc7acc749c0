import type { SchemaObject } from '../../../contract/schema.js';

/** Returns functions so that each comes after those that it names: PostgreSQL reads a body in SQL when it creates a function. */
export function calledFirst(functions: readonly SchemaObject[]): readonly SchemaObject[] {
  const words = new Map(
    functions.map((one) => [one, new Set(one.definition.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu))]),
  );
  const plain = ({ name }: SchemaObject): string =>
    name.replace(/\(.*$/s, '').replaceAll('"', '').toLowerCase();
  const sorted = new Set<SchemaObject>();
  const under = new Set<SchemaObject>();
  const visit = (one: SchemaObject): void => {
    if (sorted.has(one) || under.has(one)) return;
    under.add(one);
    for (const other of functions) if (other !== one && words.get(one)?.has(plain(other))) visit(other);
    sorted.add(one);
  };
  for (const one of functions) visit(one);
  return [...sorted];
}
