import type { Owner } from '../../../contract/owner.js';
import type { SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { refusedObject } from '../../bulk/refused-object.js';
import { isForeignKey, isKey } from './lift.js';

interface Restoring {
  readonly table: string;
  readonly object: string;
  readonly statement: string;
}

/**
 * Returns the statements that make described tables again of the lifted ones, in the order in which they run: keys before the
 * foreign keys that need them, and row level security last, because it would hide rows from the checks before it.
 */
export function restoring(
  described: readonly SchemaTable[],
  found: readonly SchemaTable[],
): readonly Restoring[] {
  const present = new Map(found.map((table) => [table.name, table]));
  const missing = (table: SchemaTable, part: 'constraints' | 'indexes'): readonly SchemaObject[] => {
    const names = new Set(present.get(table.name)?.[part].map(({ name }) => name));
    return table[part].filter(({ name }) => !names.has(name));
  };
  const added = (table: SchemaTable, { name, definition }: SchemaObject): Restoring => ({
    table: table.name,
    object: name,
    statement: `ALTER TABLE ${identifier(table.name)} ADD CONSTRAINT ${identifier(name)} ${definition}`,
  });
  const constraints = (is: (definition: string) => boolean): readonly Restoring[] =>
    described.flatMap((table) =>
      missing(table, 'constraints')
        .filter(({ definition }) => is(definition))
        .map((constraint) => added(table, constraint)),
    );
  return [
    ...constraints(isKey),
    ...described.flatMap((table) =>
      missing(table, 'indexes').map(({ name, definition }) => ({
        table: table.name,
        object: name,
        statement: definition,
      })),
    ),
    ...constraints(isForeignKey),
    ...described.flatMap((table) => triggers(table, present.get(table.name))),
    ...described.flatMap((table) => rowSecurity(table, present.get(table.name))),
  ];
}

const triggers = (table: SchemaTable, found: SchemaTable | undefined): readonly Restoring[] => {
  const now = new Map(found?.triggers.map(({ name, definition }) => [name, definition]));
  return table.triggers
    .filter(({ name, definition }) => now.get(name) !== definition)
    .map(({ name, definition }) => ({
      table: table.name,
      object: name,
      statement: `ALTER TABLE ${identifier(table.name)} ${firing(definition)} TRIGGER ${identifier(name)}`,
    }));
};

// how the engine describes a trigger that does not fire as usual
const firing = (definition: string): string =>
  /;\nALTER TABLE .* (ENABLE ALWAYS|ENABLE REPLICA|DISABLE) TRIGGER \S+$/.exec(definition)?.[1] ?? 'ENABLE';

const rowSecurity = (
  { name, rowSecurity: wanted }: SchemaTable,
  found: SchemaTable | undefined,
): readonly Restoring[] => {
  const clauses = [
    ...(wanted?.enabled && !found?.rowSecurity?.enabled ? ['ENABLE ROW LEVEL SECURITY'] : []),
    ...(wanted?.forced && !found?.rowSecurity?.forced ? ['FORCE ROW LEVEL SECURITY'] : []),
  ];
  return clauses.length === 0
    ? []
    : [
        {
          table: name,
          object: 'row level security',
          statement: `ALTER TABLE ${identifier(name)} ${clauses.join(', ')}`,
        },
      ];
};

/**
 * Makes tables again as they are described, one object a transaction.
 *
 * @throws AshlarError `move-value` if a key or a foreign key refuses the rows
 */
export async function restore(
  owner: Owner,
  statements: readonly Restoring[],
  onObject: (done: number, total: number) => void,
): Promise<void> {
  for (const [at, { table, object, statement }] of statements.entries()) {
    try {
      await owner.atomically(() => owner.script(statement));
    } catch (error) {
      throw refusedObject(error, table, object);
    }
    onObject(at + 1, statements.length);
  }
}
