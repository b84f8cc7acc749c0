import {
  AliasNode,
  ColumnNode,
  type ColumnUpdateNode,
  IdentifierNode,
  type InsertQueryNode,
  type JSONReferenceNode,
  type MergeQueryNode,
  type OnConflictNode,
  type OperationNode,
  type OrderByItemNode,
  ReferenceNode,
  type ReturningNode,
  SelectAllNode,
  SelectionNode,
  type SelectQueryNode,
  TableNode,
  type UpdateQueryNode,
  type WhenNode,
  type WithNode,
} from 'kysely';
import { addSources, define, isStatement, outputsOf, type StatementParts, sourceOf } from './meaning.js';
import { type Relation, Scope } from './scope.js';
import { leaves, mapped, withParts } from './tree.js';
import { unwrapped } from './unwrapped.js';

/** The names that an expression can use, and whether a reference must stay without the name of its table. */
interface Place {
  readonly scope: Scope;
  readonly bare?: boolean;
}

/**
 * Replaces the properties of declared columns by their names in the database, and gives what a query selects or returns
 * its property as an alias. A tree that was renamed before stays as it is: no column has the name of another one as its
 * property.
 */
export class Renaming {
  readonly #declared: ReadonlyMap<string, Relation>;

  /** @param declared - the declared tables and views, with columns by property */
  constructor(declared: ReadonlyMap<string, Relation>) {
    this.#declared = declared;
  }

  /** Renames the columns in a whole statement. */
  statement(node: OperationNode): OperationNode {
    return this.#rename(node, { scope: new Scope(this.#declared) });
  }

  #rename(node: OperationNode, place: Place): OperationNode {
    if (isStatement(node)) return this.#statement(node, place.scope);
    if (ReferenceNode.is(node)) return reference(node, place);
    if (ColumnNode.is(node)) return reference(ReferenceNode.create(node), { ...place, bare: true }).column;
    if (node.kind === 'JSONReferenceNode') {
      const part = node as JSONReferenceNode;
      return withParts(part, { reference: reference(part.reference, place) });
    }
    return leaves.has(node.kind) ? node : this.#children(node, place);
  }

  #children(node: OperationNode, place: Place, except?: readonly string[]): OperationNode {
    return mapped(node, (part) => this.#rename(part, place), except);
  }

  #statement(node: OperationNode, outer: Scope): OperationNode {
    const scope = outer.inner();
    const { with: clause, returning } = node as { with?: WithNode; returning?: ReturningNode };
    const withClause = clause && this.#with(clause, scope);
    addSources(node as StatementParts, scope);
    const rest = this.#parts(node, scope);
    return withParts(rest, {
      with: withClause,
      returning:
        returning && withParts(returning, { selections: this.#selections(returning.selections, scope) }),
    });
  }

  #with(clause: WithNode, scope: Scope): WithNode {
    const expressions = clause.expressions.map((each) => {
      if (clause.recursive) define(each, clause, scope);
      const expression = this.#rename(each.expression, { scope });
      if (!clause.recursive) define(each, clause, scope);
      return withParts(each, { expression });
    });
    return withParts(clause, { expressions });
  }

  #parts(node: OperationNode, scope: Scope): OperationNode {
    switch (node.kind) {
      case 'SelectQueryNode':
        return this.#select(node as SelectQueryNode, scope);
      case 'InsertQueryNode':
        return this.#insert(node as InsertQueryNode, (node as InsertQueryNode).into, scope);
      case 'UpdateQueryNode':
        return this.#update(node as UpdateQueryNode, (node as UpdateQueryNode).table, scope);
      case 'MergeQueryNode': {
        const { into, whens } = node as MergeQueryNode;
        const rest = this.#children(node, { scope }, ['with', 'returning', 'whens']);
        return withParts(rest, { whens: whens?.map((when) => this.#branch(when, into, scope)) });
      }
      default:
        return this.#children(node, { scope }, ['with', 'returning']);
    }
  }

  #select(node: SelectQueryNode, scope: Scope): OperationNode {
    const { selections, orderBy, distinctOn } = node;
    const rest = this.#children(node, { scope }, ['with', 'selections', 'orderBy', 'distinctOn']);
    const names = orderBy || distinctOn ? selectedNames(node, scope) : undefined;
    const isSelected = (part: OperationNode): boolean => {
      const name = bareName(part);
      return name !== undefined && names?.has(name) === true;
    };
    const sorted = (part: OperationNode): OperationNode =>
      isSelected(part) ? part : this.#rename(part, { scope });
    const item = (each: OrderByItemNode): OrderByItemNode =>
      withParts(each, { orderBy: sorted(each.orderBy) });
    return withParts(rest, {
      selections: selections && this.#selections(selections, scope),
      orderBy: orderBy && withParts(orderBy, { items: orderBy.items.map(item) }),
      distinctOn: distinctOn?.map(sorted),
    });
  }

  #insert(node: InsertQueryNode, into: OperationNode | undefined, scope: Scope): OperationNode {
    const { columns, onConflict } = node;
    const rest = this.#children(node, { scope }, ['with', 'returning', 'columns', 'onConflict']);
    const name = namesOf(into, scope);
    return withParts(rest, {
      columns: columns?.map(name),
      onConflict: onConflict && this.#conflict(onConflict, into, scope),
    });
  }

  #conflict(node: OnConflictNode, into: OperationNode | undefined, outer: Scope): OperationNode {
    const { columns, updates } = node;
    const scope = outer.inner();
    if (into && TableNode.is(into)) scope.add(into.table.identifier.name, sourceOf(into, outer));
    const excluded = scope.inner();
    if (into) excluded.add('excluded', sourceOf(into, outer));
    const rest = this.#children(node, { scope, bare: true }, ['columns', 'updates']);
    return withParts(rest, {
      columns: columns?.map(namesOf(into, outer)),
      updates: updates && this.#assignments(updates, into, { scope: excluded, bare: true }),
    });
  }

  #update(node: UpdateQueryNode, table: OperationNode | undefined, scope: Scope): OperationNode {
    const { updates } = node;
    const rest = this.#children(node, { scope }, ['with', 'returning', 'updates']);
    return withParts(rest, { updates: updates && this.#assignments(updates, table, { scope }) });
  }

  #assignments(
    updates: readonly ColumnUpdateNode[],
    table: OperationNode | undefined,
    place: Place,
  ): readonly ColumnUpdateNode[] {
    const name = namesOf(table, place.scope);
    return updates.map((update) => {
      const { column, value } = update;
      const target = ReferenceNode.is(column) && ColumnNode.is(column.column) ? column.column : column;
      return withParts(update, {
        column: ColumnNode.is(target) ? name(target) : column,
        value: this.#rename(value, place),
      });
    });
  }

  #branch(when: WhenNode, into: OperationNode, scope: Scope): WhenNode {
    const { result } = when;
    const condition = this.#rename(when.condition, { scope });
    if (result?.kind === 'InsertQueryNode')
      return withParts(when, { condition, result: this.#insert(result as InsertQueryNode, into, scope) });
    if (result?.kind === 'UpdateQueryNode')
      return withParts(when, { condition, result: this.#update(result as UpdateQueryNode, into, scope) });
    return withParts(when, { condition });
  }

  #selections(selections: readonly SelectionNode[], scope: Scope): readonly SelectionNode[] {
    return selections.flatMap((each) => {
      const { selection } = each;
      if (SelectAllNode.is(selection)) return allOf(scope, undefined) ?? [each];
      if (ReferenceNode.is(selection) && SelectAllNode.is(selection.column))
        return allOf(scope, selection.table?.table.identifier.name) ?? [each];
      return [withParts(each, { selection: this.#selected(selection, scope) })];
    });
  }

  #selected(selection: OperationNode, scope: Scope): OperationNode {
    const property = columnName(selection);
    const renamed = this.#rename(selection, { scope });
    return property === undefined || columnName(renamed) === property
      ? renamed
      : AliasNode.create(renamed, IdentifierNode.create(property));
  }
}

const reference = (node: ReferenceNode, { scope, bare = false }: Place): ReferenceNode => {
  const { column, table } = node;
  if (!ColumnNode.is(column) || table?.table.schema) return node;
  const source = scope.source(column.column.name, table?.table.identifier.name);
  const declared = source && declaredColumn(source.relation, column.column.name);
  if (!source || !declared) return node;
  const isNamed = table !== undefined || bare || source.name === undefined;
  if (isNamed && declared === column.column.name) return node;
  // another table may have the name of the column as a property, or a column of this name
  return ReferenceNode.create(
    ColumnNode.create(declared),
    isNamed ? table : TableNode.create(source.name as string),
  );
};

/** The name of a column in the database, if the relation is a declared table or view. */
const declaredColumn = ({ table, isView, columns }: Relation, property: string): string | undefined =>
  table || isView ? columns.get(property)?.column?.name : undefined;

const namesOf =
  (target: OperationNode | undefined, scope: Scope) =>
  (node: ColumnNode): ColumnNode => {
    const table = target && AliasNode.is(target) ? target.node : target;
    const name = table && declaredColumn(sourceOf(table, scope), node.column.name);
    return name === undefined || name === node.column.name ? node : ColumnNode.create(name);
  };

/** The names of the result that ORDER BY and DISTINCT ON look for first: aliases, and in a set operation all of them. */
const selectedNames = (node: SelectQueryNode, scope: Scope): ReadonlySet<string | undefined> =>
  new Set(
    node.setOperations
      ? outputsOf(node, scope).map(({ name }) => name)
      : node.selections?.map(({ selection }) =>
          AliasNode.is(selection) && IdentifierNode.is(selection.alias) ? selection.alias.name : undefined,
        ),
  );

const columnName = (node: OperationNode): string | undefined => {
  if (ColumnNode.is(node)) return node.column.name;
  return ReferenceNode.is(node) && ColumnNode.is(node.column) ? node.column.column.name : undefined;
};

const bareName = (given: OperationNode): string | undefined => {
  const node = unwrapped(given);
  return ReferenceNode.is(node) && node.table ? undefined : columnName(node);
};

/** What `*` stands for, if a column has another name in the database; `undefined` otherwise. */
const allOf = (scope: Scope, table: string | undefined): readonly SelectionNode[] | undefined => {
  const sources = scope.sources(table);
  const isRenamed = ({ relation }: { readonly relation: Relation }): boolean =>
    [...relation.columns.keys()].some(
      (property) => (declaredColumn(relation, property) ?? property) !== property,
    );
  if (!sources.some(isRenamed)) return undefined;
  return sources.flatMap((source) => {
    const { name, relation } = source;
    const from = name === undefined ? undefined : TableNode.create(name);
    if (!isRenamed(source))
      return from ? [SelectionNode.createSelectAllFromTable(from)] : [SelectionNode.createSelectAll()];
    return [...relation.columns.keys()].map((property) => {
      const column = declaredColumn(relation, property) ?? property;
      const node = ReferenceNode.create(ColumnNode.create(column), from);
      return SelectionNode.create(
        column === property ? node : AliasNode.create(node, IdentifierNode.create(property)),
      );
    });
  });
};
