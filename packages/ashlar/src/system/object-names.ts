import type { GuardedTable } from '../contract/guarantee.js';
import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';
import { foldedName, identityColumn, sideObjects } from '../model/index.js';

/** A database object of a table, whose name must be the only one of its kind in the database or schema. */
interface Named {
  readonly kind: 'relation' | 'trigger' | 'function';
  readonly name: string;
  /** What it is, for messages. */
  readonly what: string;
  /** The statement that creates an object that several tables may share. */
  readonly sql?: string;
}

const engineNames: Readonly<Record<SqlName, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

/**
 * Throws if two tables of a system give the same name to two objects. On SQLite the names of indexes and triggers are
 * global; on PostgreSQL tables, indexes, keys and sequences share the names of a schema.
 *
 * @throws AshlarError `table-invalid`, which names both
 */
export function assertObjectNames(system: string, tables: readonly GuardedTable[]): void {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    const taken = new Map<string, Named>();
    for (const object of [...new Set(tables)].flatMap((table) => objectsOf(table, dialect))) {
      const key = `${object.kind} ${foldedName(object.name)}`;
      const other = taken.get(key);
      if (other && (object.sql === undefined || object.sql !== other.sql)) {
        throw new AshlarError('table-invalid', {
          message: `Two objects of the system ${system} are named ${object.name}: ${other.what} and ${object.what}.`,
          detail: `On ${engineNames[dialect]} the name of a ${object.kind} is unique among all tables.`,
          suggestion: 'Give one of them another name: { name } for a key or an index, or rename the table.',
        });
      }
      taken.set(key, object);
    }
  }
}

const objectsOf = (table: GuardedTable, dialect: SqlName): readonly Named[] => [
  { kind: 'relation', name: table.name, what: `the table ${table.name}` },
  // another tool's keys and indexes are in its own schema
  ...(table.external ? [] : ownParts(table, dialect)),
  ...sideObjects(table, dialect).flatMap(({ type, name, sql }): Named[] => {
    // PostgreSQL has the triggers and policies of each table apart
    if (type === 'policy' || (type === 'trigger' && dialect === 'postgres')) return [];
    const kind = type === 'trigger' || type === 'function' ? type : 'relation';
    return [{ kind, name, sql, what: `a ${type} of the guarantees of ${table.name}` }];
  }),
];

const ownParts = (table: GuardedTable, dialect: SqlName): readonly Named[] => {
  const relation = (name: string, what: string): Named => ({
    kind: 'relation',
    name,
    what: `${what} of ${table.name}`,
  });
  const identity = identityColumn(table);
  const keys = table.uniques.filter(({ nullsEqual }) => dialect === 'postgres' || nullsEqual.length > 0);
  return [
    ...keys.map(({ name }) => relation(name, 'a unique key')),
    ...[...table.indexes, ...table.expressionIndexes].map(({ name }) => relation(name, 'an index')),
    ...(dialect === 'postgres' ? [relation(table.primaryKey.name, 'the primary key')] : []),
    ...(dialect === 'postgres' && identity
      ? [relation(`${table.name}_${identity.name}_seq`, 'the sequence')]
      : []),
    // the triggers that keep a foreign key while SQLite's own are off
    ...(dialect === 'sqlite' ? table.foreignKeys.filter(({ deferrable }) => !deferrable) : []).flatMap(
      ({ name }) =>
        ['insert', 'update'].map(
          (event): Named => ({
            kind: 'trigger',
            name: `${name}_${event}`,
            what: `a foreign key of ${table.name}`,
          }),
        ),
    ),
  ];
};
