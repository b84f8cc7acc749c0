import type { Renames, SqlDialect } from '../../../contract/dialect.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import type { Schema, SchemaChange, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { mentions } from '../../../sql/code.js';
import { newlyCascading } from '../../../sql/foreign-key.js';
import { asCreated, changeObjects } from '../../object-changes.js';
import { change } from './change.js';
import { changeColumns, recomputedColumns } from './change-columns.js';
import {
  addConstraint,
  addIndex,
  difference,
  dropConstraint,
  dropIndex,
  renameObject,
} from './change-constraints.js';
import { addFunction, addTrigger, dropFunction, dropTrigger, replaceFunction } from './change-objects.js';
import { addPolicy, changeSecurity, dropPolicy, securityOf } from './change-security.js';
import {
  bareTable,
  createDescribedTable,
  createModelTable,
  dropTable,
  existingIn,
  laterLinks,
  linkTable,
  referredFirst,
  unlinkTable,
  withoutConstraints,
} from './change-tables.js';
import { columnCheck } from './column-sql.js';
import { changeComments } from './comments.js';
import { declaredObjects } from './declared-objects.js';
import { calledFirst } from './function-order.js';
import { modelSql } from './model-sql.js';
import { renameInSchema } from './rename-in-schema.js';
import { blockingObjects, linksRetyped, type Retyped, retypedColumns, rewrittenColumns } from './retype.js';

const renameColumns = (renames: Renames): SchemaChange[] =>
  Object.entries(renames).flatMap(([table, columns]) =>
    Object.entries(columns).map(([now, before]) => {
      const rename = (from: string, to: string): string =>
        `ALTER TABLE ${identifier(table)} RENAME COLUMN ${identifier(from)} TO ${identifier(to)}`;
      return change({
        summary: `${table}: rename column ${before} to ${now}`,
        up: [rename(before, now)],
        down: [rename(now, before)],
      });
    }),
  );

/** The changes of an existing table, by the phases in which all tables change together. */
interface TableChanges {
  readonly renames: readonly SchemaChange[];
  readonly unlinks: readonly SchemaChange[];
  readonly drops: readonly SchemaChange[];
  readonly columns: readonly SchemaChange[];
  readonly adds: readonly SchemaChange[];
  readonly foreignKeys: readonly SchemaChange[];
  readonly triggers: readonly SchemaChange[];
  readonly comments: readonly SchemaChange[];
}

const isForeignKey = ({ definition }: SchemaObject): boolean => definition.startsWith('FOREIGN KEY');

// CREATE INDEX name ON … differs in the name alone
const withoutName = ({ name, definition }: SchemaObject): string => definition.replace(identifier(name), '');

const assertSameOptions = (before: SchemaTable, after: SchemaTable): void => {
  if (before.options === after.options) return;
  throw new AshlarError('partition-conflict', {
    message: `The table ${after.name} cannot be changed to "${after.options || 'not partitioned'}" in place.`,
    detail: 'PostgreSQL partitions a table only when it is created.',
    suggestion:
      'Write the migration step by hand: create a new table, copy the rows, and swap the names of the two tables.',
  });
};

// a column whose expression changes is dropped with what names it
const namesRecomputed = (before: SchemaTable, after: SchemaTable): ((one: SchemaObject) => boolean) => {
  const names = recomputedColumns(before, after);
  return ({ definition }) => names.some((name) => mentions(definition, name, 'postgres'));
};

/** What a change of types needs to know of the other tables. */
interface Retyping {
  readonly retyped: Retyped;
  readonly blocking: ReturnType<typeof blockingObjects>;
}

const changeTable = (
  before: SchemaTable,
  after: SchemaTable,
  model: GuardedTable | undefined,
  { retyped, blocking }: Retyping,
): TableChanges => {
  assertSameOptions(before, after);
  const written = modelSql(model);
  const isRemade = namesRecomputed(before, after);
  const constraints = difference(
    before.constraints,
    after.constraints,
    (a, b) => a.definition === b.definition,
    isRemade,
  );
  const indexes = difference(
    before.indexes,
    after.indexes,
    (a, b) => withoutName(a) === withoutName(b),
    isRemade,
  );
  const triggers = difference(before.triggers, after.triggers);
  const [secured, security] = [securityOf(before), securityOf(after)];
  const policies = difference(secured.policies, security.policies);
  const was = new Set(before.columns.map(({ name }) => name));
  // a new column of the model includes its CHECK
  const brought = new Set(
    Object.values(model?.columns ?? {}).flatMap((column) =>
      was.has(column.name) ? [] : (columnCheck(column)?.name ?? []),
    ),
  );
  const addConstraints = (wanted: readonly SchemaObject[]): SchemaChange[] =>
    wanted.map((one) => {
      const [danger] = newlyCascading(before.constraints, [one], 'postgres');
      const added = addConstraint(after, one, written.constraints.get(one.name) ?? one.definition);
      return danger === undefined ? added : { ...added, danger };
    });
  // both ends of a key have one type
  const relinked = after.constraints.filter(
    (one) => !constraints.added.includes(one) && linksRetyped(retyped, after.name, one),
  );
  const added = constraints.added.filter(({ name }) => !brought.has(name));
  return {
    renames: [
      ...constraints.renamed.map(([from, to]) => renameObject(after.name, 'constraint', from, to)),
      ...indexes.renamed.map(([from, to]) => renameObject(after.name, 'index', from, to)),
    ],
    unlinks: [...constraints.removed.filter(isForeignKey), ...relinked].map((one) =>
      dropConstraint(after, one),
    ),
    drops: [
      ...policies.removed.map((policy) => dropPolicy(after, policy)),
      ...triggers.removed.map((trigger) => dropTrigger(after, trigger)),
      ...indexes.removed.map((index) => dropIndex(after, index)),
      ...constraints.removed.filter((one) => !isForeignKey(one)).map((one) => dropConstraint(after, one)),
    ],
    columns: changeColumns(before, after, model, blocking),
    adds: [
      ...addConstraints(added.filter((one) => !isForeignKey(one))),
      ...indexes.added.map((index) =>
        addIndex(
          after,
          index,
          written.indexes.get(index.name) ?? written.objects.get(`index ${index.name}`) ?? index.definition,
        ),
      ),
    ],
    foreignKeys: addConstraints([...added.filter(isForeignKey), ...relinked]),
    triggers: [
      ...changeSecurity(after, secured, security),
      ...policies.added.map((policy) => addPolicy(after, policy)),
      ...triggers.added.map((trigger) =>
        addTrigger(after, trigger, written.objects.get(`trigger ${trigger.name}`) ?? trigger.definition),
      ),
    ],
    comments: changeComments(before, after),
  };
};

const createTables = (
  before: Schema,
  after: Schema,
  model: ReadonlyMap<string, GuardedTable>,
  existing: Set<string>,
): { readonly changes: SchemaChange[]; readonly completed: (retyping: Retyping) => TableChanges[] } => {
  const had = new Set(before.tables.map(({ name }) => name));
  const created: SchemaChange[] = [];
  const links: SchemaChange[] = [];
  const described: SchemaTable[] = [];
  const made = referredFirst(after.tables.filter(({ name }) => !had.has(name)));
  const later = laterLinks(made);
  for (const table of made) {
    const declared = model.get(table.name);
    const names = later.get(table);
    const written = modelSql(declared).constraints;
    if (declared) created.push(createModelTable(declared, existing, names));
    else if (existing.has(`table ${table.name}`)) continue;
    else {
      described.push(table);
      created.push(createDescribedTable(withoutConstraints(bareTable(table), names)));
    }
    for (const { name, definition } of table.constraints)
      if (names?.has(name)) links.push(linkTable(table.name, name, written.get(name) ?? definition));
  }
  return {
    changes: [...created, ...links],
    completed: (to) => described.map((table) => changeTable(bareTable(table), table, undefined, to)),
  };
};

const dropTables = (gone: readonly SchemaTable[]): SchemaChange[] => {
  const ordered = referredFirst(gone);
  const later = laterLinks(ordered);
  return [
    ...ordered.flatMap((table) =>
      table.constraints.flatMap(({ name, definition }) =>
        later.get(table)?.has(name) ? [unlinkTable(table.name, name, definition)] : [],
      ),
    ),
    ...ordered.toReversed().map((table) => dropTable(withoutConstraints(table, later.get(table)))),
  ];
};

const changeFunctions = (
  before: Schema,
  after: Schema,
  model: readonly GuardedTable[],
  made: ReadonlySet<string>,
) => {
  const was = new Map(before.functions.map((one) => [one.name, one]));
  const is = new Set(after.functions.map(({ name }) => name));
  const written = new Map(model.flatMap((table) => [...modelSql(table).objects]));
  return {
    dropped: before.functions.filter(({ name }) => !is.has(name)),
    set: calledFirst(after.functions).flatMap((one) => {
      const old = was.get(one.name);
      if (old)
        return old.definition === one.definition ? [] : [{ object: one, change: replaceFunction(old, one) }];
      return made.has(`function ${one.name}`)
        ? []
        : [
            {
              object: one,
              change: addFunction(one, written.get(`function ${one.name}`) ?? one.definition),
            },
          ];
    }),
  };
};

const isInSql = ({ definition }: SchemaObject): boolean => /\bLANGUAGE sql\b/i.test(definition);

// as pg_get_functiondef writes it
const bodyOf = (definition: string): string => /\bAS (\$\w*\$)([\s\S]*)\1\s*$/.exec(definition)?.[2] ?? '';

// a row type is a type of the signature; PostgreSQL reads only a body in SQL when it creates a function
const needsTable =
  (tables: readonly SchemaTable[]) =>
  (one: SchemaObject): boolean =>
    tables.some(
      ({ name }) =>
        mentions(one.definition, name, 'postgres') ||
        (isInSql(one) && mentions(bodyOf(one.definition), name, 'postgres')),
    );

/**
 * Returns the changes that turn the schema `before` into the schema `after`, in the order in which they must run.
 * Undoing runs in the opposite order.
 *
 * @throws AshlarError `partition-conflict` where a table would have to be partitioned in place
 */
export const changes: SqlDialect['changes'] = (before, after, model, renames) => {
  const renamed = renameInSchema(before, renames);
  const byName = new Map(model.map((table) => [table.name, table]));
  const is = new Map(after.tables.map((table) => [table.name, table]));
  const retyping = {
    retyped: retypedColumns(renamed, after),
    blocking: blockingObjects(renamed, after),
  };
  const had = new Set(renamed.tables.map(({ name }) => name));
  const declared = model.flatMap(declaredObjects);
  // PostgreSQL reads the body of an SQL function when it is created, which may use the tables; columns may use the function
  const inTables = after.tables.flatMap(({ columns, constraints }) => [
    ...columns.map(({ default: standard = '', rest }) => `${standard} ${rest}`),
    ...constraints.map(({ definition }) => definition),
  ]);
  const isOfNew = needsTable(after.tables.filter(({ name }) => !had.has(name)));
  const whenSet = (one: SchemaObject): 'first' | 'with the columns' | 'with new tables' => {
    const [called = one.name] = one.name.split('(');
    if (inTables.some((text) => text.includes(called))) return 'first';
    if (isOfNew(one)) return 'with new tables';
    return isInSql(one) ? 'with the columns' : 'first';
  };
  const declaredOnNew = after.tables.flatMap((table): TableChanges[] => {
    const own = byName.get(table.name);
    if (!own || had.has(table.name)) return [];
    const { indexes, objects } = modelSql(own);
    const created = asCreated(
      table,
      declaredObjects(own),
      (type, name) => objects.has(`${type} ${name}`) || (type === 'index' && indexes.has(name)),
    );
    return [changeTable(created, table, own, retyping)];
  });
  const kept = renamed.tables.flatMap((table): TableChanges[] => {
    const now = is.get(table.name);
    return now ? [changeTable(table, now, byName.get(table.name), retyping)] : [];
  });
  const phase = (tables: readonly TableChanges[], name: keyof TableChanges): SchemaChange[] =>
    tables.flatMap((table) => table[name]);
  const existing = existingIn(before);
  const created = createTables(before, after, byName, existing);
  const functions = changeFunctions(before, after, model, existing);
  const setWhen = (when: ReturnType<typeof whenSet>): SchemaChange[] =>
    functions.set.flatMap(({ object, change }) => (whenSet(object) === when ? [change] : []));
  const gone = renamed.tables.filter(({ name }) => !is.has(name));
  const isOfGone = needsTable(gone);
  const rewritten = rewrittenColumns(renamed, after);
  const others = changeObjects({
    dialect: 'postgres',
    before: renamed.objects,
    after: after.objects,
    declared,
    // a view keeps the type of a column that it reads
    isInTheWay: ({ needs, definition }) =>
      rewritten.some(
        ({ table, column }) => needs.includes(table) && mentions(definition, column, 'postgres'),
      ),
  });
  return [
    ...others.drops,
    ...renameColumns(renames),
    ...phase(kept, 'renames'),
    ...phase(kept, 'unlinks'),
    ...phase(kept, 'drops'),
    // before the columns change to which its foreign keys refer, and after them for a table that is created
    ...functions.dropped.filter(isOfGone).map(dropFunction),
    ...dropTables(gone),
    ...others.before,
    ...setWhen('first'),
    ...phase(kept, 'columns'),
    ...setWhen('with the columns'),
    ...phase(kept, 'adds'),
    ...created.changes,
    ...setWhen('with new tables'),
    ...phase(declaredOnNew, 'columns'),
    ...phase(declaredOnNew, 'adds'),
    ...phase(kept, 'foreignKeys'),
    ...phase([...kept, ...declaredOnNew, ...created.completed(retyping)], 'triggers'),
    ...phase(kept, 'comments'),
    ...functions.dropped.filter((one) => !isOfGone(one)).map(dropFunction),
    ...others.creates,
    ...others.after,
  ];
};
