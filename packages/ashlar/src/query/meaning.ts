import {
  type AggregateFunctionNode,
  AliasNode,
  type BinaryOperationNode,
  type CaseNode,
  CastNode,
  ColumnNode,
  type CommonTableExpressionNode,
  type FunctionNode,
  type JoinNode,
  type OperationNode,
  RawNode,
  ReferenceNode,
  SelectAllNode,
  type SelectionNode,
  SelectQueryNode,
  TableNode,
  ValueNode,
  type WithNode,
} from 'kysely';
import { castMeaning } from './cast-types.js';
import { commonForm } from './common-form.js';
import { calculated, computed, concatenated, literalMeaning, result } from './computed.js';
import { isJsonText } from './json-parts.js';
import { comparand } from './literals.js';
import {
  arithmetic,
  comparisons,
  isExtreme,
  nameOf,
  nestedFunctions,
  operatorOf,
  sameAsArgument,
  textFunctions,
} from './operators.js';
import { isFirstOf, isValue, resultsIn, resultsOfCase } from './result-literals.js';
import { type Meaning, type Relation, type Scope, unknownRelation } from './scope.js';
import { unwrapped } from './unwrapped.js';

/** One column of a query's result; `name` is `undefined` for columns that are not known. */
export interface Output {
  readonly name: string | undefined;
  readonly meaning: Meaning | undefined;
  /** Whether the column is a plain reference. */
  readonly plain: boolean;
  /** The value of the application that the column is, if it is one. */
  readonly literal?: { readonly value: unknown };
}

const remembered = new WeakMap<OperationNode, Meaning>();

/** Remembers the meaning of an expression that rewriting turned into raw SQL or a cast, which say nothing or less. */
export function remember(node: OperationNode, meaning: Meaning | undefined): void {
  if (meaning && (RawNode.is(node) || CastNode.is(node))) remembered.set(node, meaning);
}

/** Returns whether an expression is one that rewriting made, whose meaning is remembered. */
export function isRemembered(node: OperationNode): boolean {
  return remembered.has(node);
}

/** Returns what a tree says about an expression; `undefined` if it says nothing certain. */
export function meaningOf(given: OperationNode, scope: Scope): Meaning | undefined {
  const node = unwrapped(given);
  switch (node.kind) {
    case 'ReferenceNode':
    case 'ColumnNode':
      return referenceMeaning(node as ReferenceNode | ColumnNode, scope);
    case 'ParensNode':
      return result(meaningOf((node as OperationNode & { node: OperationNode }).node, scope));
    case 'AndNode':
    case 'OrNode':
      return computed('boolean');
    case 'BinaryOperationNode':
      return operationMeaning(node as BinaryOperationNode, scope);
    case 'UnaryOperationNode': {
      const { operand } = node as OperationNode & { operand: OperationNode };
      const operator = operatorOf(node as OperationNode & { operator: OperationNode });
      return operator === '-' ? result(meaningOf(operand, scope)) : computed('boolean');
    }
    case 'FunctionNode':
    case 'AggregateFunctionNode':
      return functionMeaning(node as FunctionNode | AggregateFunctionNode, scope);
    case 'JSONReferenceNode':
      return jsonPartMeaning(node);
    case 'SelectQueryNode':
      return result(outputsOf(node, scope)[0]?.meaning);
    case 'ValueNode':
      return literalMeaning((node as ValueNode).value);
    case 'CaseNode':
      return common(resultsOfCase(node as CaseNode), scope);
    case 'CastNode':
      return remembered.get(node) ?? castMeaning(node as OperationNode & { dataType: { dataType?: string } });
    default:
      return remembered.get(node);
  }
}

const referenceMeaning = (node: ReferenceNode | ColumnNode, scope: Scope): Meaning | undefined => {
  if (ColumnNode.is(node)) return scope.column(node.column.name);
  if (SelectAllNode.is(node.column)) return undefined;
  // a schema-qualified name may be a table that is not declared
  if (node.table?.table.schema) return undefined;
  return scope.column(node.column.column.name, node.table?.table.identifier.name);
};

const operationMeaning = (node: BinaryOperationNode, scope: Scope): Meaning | undefined => {
  const operator = operatorOf(node);
  if (comparisons.has(operator)) return computed('boolean');
  if (operator === '->' || operator === '->>') return jsonPartMeaning(node);
  if (operator !== '||' && !arithmetic.has(operator)) return undefined;
  const operands = [node.leftOperand, node.rightOperand];
  const meanings = operands.map((operand) => meaningOf(operand, scope));
  // a literal beside JSON is JSON
  const json = operator === '||' && meanings.find((meaning) => meaning?.kind === 'json');
  if (json) return concatenated(meanings.map((each, at) => (isValue(operands[at] as never) ? json : each)));
  return operator === '||' ? concatenated(meanings) : calculated(operator, meanings);
};

const jsonPartMeaning = (node: OperationNode): Meaning => computed(isJsonText(node) ? 'text' : 'json');

const functionMeaning = (node: FunctionNode | AggregateFunctionNode, scope: Scope): Meaning | undefined => {
  const name = node.func.toLowerCase();
  const given = 'aggregated' in node ? node.aggregated : node.arguments;
  if (name === 'ashlar_matches') return computed('boolean', false);
  if (name === nestedFunctions.many || name === nestedFunctions.one) return nestedMeaning(name, given, scope);
  if (isFirstOf(name) || isExtreme(name)) {
    const meaning = common(given, scope);
    const nullable = given.every((each) => meaningOf(each, scope)?.nullable ?? true);
    return meaning && { ...meaning, nullable };
  }
  if (name === 'count') return computed('integer', false);
  if (name === 'avg') return computed('real');
  if ((name === 'lag' || name === 'lead') && given[2]) return common([given[0], given[2]] as never, scope);
  const [first] = given;
  const isBytes = name !== 'concat' && first && meaningOf(first, scope)?.kind === 'bytes';
  if (textFunctions.has(name)) return computed(isBytes ? 'bytes' : 'text');
  if (name === 'length') return computed('integer');
  if (!first || !(name === 'sum' || sameAsArgument.has(name))) return undefined;
  return result(meaningOf(first, scope));
};

const nestedMeaning = (
  name: string,
  [query]: readonly OperationNode[],
  scope: Scope,
): Meaning | undefined => {
  const columns = query ? outputsOf(query, scope) : [];
  if (columns.some((column) => column.name === undefined)) return undefined;
  const rows = {
    one: name === nestedFunctions.one,
    columns: columns.map((column) => ({ name: column.name ?? '', meaning: column.meaning })),
  };
  return { ...computed('json', rows.one), rows };
};

/** Returns the meaning of an expression, but not of a value within raw SQL, which has the form that its author gave it. */
export function certainMeaning(node: OperationNode, scope: Scope): Meaning | undefined {
  return RawNode.is(node) && ValueNode.is(unwrapped(node)) ? undefined : meaningOf(node, scope);
}

/** What the tree says about expressions that stand beside one another. */
export interface Together {
  /** The form that all known ones have in common; `undefined` if none is known. */
  readonly form: Meaning | undefined;
  /** Whether the tree does not know one of them. */
  readonly open: boolean;
  /** Two kinds that have no form in common, if there are such. */
  readonly apart: readonly [string, string] | undefined;
}

/** Returns what expressions beside one another have in common. NULL has every form, and a literal that of the others. */
export function together(nodes: readonly OperationNode[], scope: Scope): Together {
  const literals: unknown[] = [];
  let form: Meaning | undefined;
  let open = false;
  for (const node of nodes.flatMap(resultsIn)) {
    if (ValueNode.is(node)) {
      if (isValue(node)) literals.push(node.value);
      continue;
    }
    const meaning = certainMeaning(node, scope);
    if (!meaning) {
      open = true;
      continue;
    }
    const common = form ? commonForm(form, meaning) : meaning;
    if (!common) return { form, open, apart: [kindOf(form), kindOf(meaning)] };
    form = common;
  }
  for (const value of literals) {
    const meaning = literalMeaning(value);
    if (form && (meaning?.kind === form.kind || comparand(form, value).form === 'exact')) continue;
    const common = form && meaning ? commonForm(form, meaning) : meaning;
    if (form && !common) return { form, open, apart: [kindOf(form), 'literal'] };
    if (!common) open = true;
    form = common;
  }
  return { form, open, apart: undefined };
}

const kindOf = (meaning: Meaning | undefined): string =>
  meaning?.kind === 'decimal' ? `decimal with ${meaning.digits?.scale} digits` : (meaning?.kind ?? '');

const common = (nodes: readonly OperationNode[], scope: Scope): Meaning | undefined => {
  const { form, open, apart } = together(nodes, scope);
  return form && !open && !apart ? { ...form, column: undefined, nullable: true } : undefined;
};

/** Returns the columns of a query's result, or of what a write returns, in order. */
export function outputsOf(node: OperationNode, outer: Scope): readonly Output[] {
  const scope = scopeOf(node, outer);
  if (!SelectQueryNode.is(node)) {
    const { returning } = node as { returning?: { selections: readonly SelectionNode[] } };
    return (returning?.selections ?? []).flatMap((each) => selected(each, scope));
  }
  let outputs = (node.selections ?? []).flatMap((each) => selected(each, scope));
  for (const { expression } of node.setOperations ?? [])
    outputs = united(outputs, outputsOf(expression, scope));
  return outputs;
}

const united = (one: readonly Output[], other: readonly Output[]): Output[] => {
  const known = one.length === other.length && ![...one, ...other].some(({ name }) => name === undefined);
  return one.map(({ name, meaning }, at) => {
    const beside = known ? other[at]?.meaning : undefined;
    return {
      name,
      plain: false,
      meaning: meaning && beside && commonForm(meaning, beside),
    };
  });
};

const selected = ({ selection }: SelectionNode, scope: Scope): Output[] => {
  const table =
    ReferenceNode.is(selection) && SelectAllNode.is(selection.column) ? selection.table : undefined;
  if (SelectAllNode.is(selection) || table) {
    return [...scope.all(table?.table.identifier.name)].map((column) => ({
      name: column?.[0],
      meaning: column?.[1],
      plain: true,
    }));
  }
  const node = AliasNode.is(selection) ? unwrapped(selection.node) : unwrapped(selection);
  return [
    {
      name: AliasNode.is(selection) ? nameOf(selection.alias) : columnName(node),
      meaning: meaningOf(node, scope),
      plain: ReferenceNode.is(node) || ColumnNode.is(node),
      ...(ValueNode.is(node) && { literal: { value: node.value } }),
    },
  ];
};

const columnName = (node: OperationNode): string | undefined => {
  if (ColumnNode.is(node)) return node.column.name;
  return ReferenceNode.is(node) && ColumnNode.is(node.column) ? node.column.column.name : undefined;
};

/** Returns the result of a query as a relation. */
function relationOf(node: OperationNode, outer: Scope): Relation {
  if (!isStatement(node)) return unknownRelation;
  const outputs = outputsOf(node, outer);
  const columns = new Map<string, Meaning | undefined>();
  for (const { name, meaning } of outputs) if (name !== undefined) columns.set(name, meaning);
  return { columns, open: outputs.some(({ name }) => name === undefined), table: undefined };
}

const statements: ReadonlySet<string> = new Set(
  ['Select', 'Insert', 'Update', 'Delete', 'Merge'].map((verb) => `${verb}QueryNode`),
);

/** Returns whether a node is a statement, which has names of its own. */
export function isStatement({ kind }: OperationNode): boolean {
  return statements.has(kind);
}

/** Returns the names that the parts of a statement can use. */
export function scopeOf(node: OperationNode, outer: Scope): Scope {
  const scope = outer.inner();
  const parts = node as StatementParts;
  for (const expression of parts.with?.expressions ?? []) define(expression, parts.with, scope);
  addSources(parts, scope);
  return scope;
}

/** Adds a common table expression of a WITH clause to the names of its statement. */
export function define(
  { name, expression }: CommonTableExpressionNode,
  clause: WithNode | undefined,
  scope: Scope,
): void {
  const as = name.table.table.identifier.name;
  if (clause?.recursive) {
    // what the first part of the union returns is what the recursive part reads
    const first = SelectQueryNode.is(expression) ? { ...expression, setOperations: [] } : expression;
    scope.define(as, unknownRelation);
    scope.define(as, renamed(relationOf(first, scope), name.columns));
  }
  scope.define(as, renamed(relationOf(expression, scope), name.columns));
}

const renamed = (relation: Relation, columns: readonly ColumnNode[] | undefined): Relation => {
  if (!columns) return relation;
  if (relation.open || relation.columns.size !== columns.length) return unknownRelation;
  const meanings = [...relation.columns.values()];
  return { ...relation, columns: new Map(columns.map(({ column }, at) => [column.name, meanings[at]])) };
};

/** The parts of a statement that name its tables. */
export interface StatementParts {
  readonly with?: WithNode;
  readonly from?: { readonly froms: readonly OperationNode[] };
  readonly into?: OperationNode;
  readonly table?: OperationNode;
  readonly using?: OperationNode & { readonly tables?: readonly OperationNode[] };
  readonly joins?: readonly JoinNode[];
}

/** Adds the tables that a statement names to its scope. */
export function addSources(parts: StatementParts, scope: Scope): void {
  for (const node of [parts.into, parts.table, ...(parts.from?.froms ?? [])]) if (node) add(node, scope);
  const { using } = parts;
  for (const node of using?.tables ?? []) add(node, scope);
  if (using?.kind === 'JoinNode') join(using as unknown as JoinNode, scope);
  for (const each of parts.joins ?? []) join(each, scope);
}

const join = ({ joinType, table }: JoinNode, scope: Scope): void => {
  if (joinType === 'RightJoin' || joinType === 'FullJoin') scope.makeOptional();
  add(table, scope, ['LeftJoin', 'FullJoin', 'LateralLeftJoin', 'OuterApply'].includes(joinType));
};

const add = (node: OperationNode, scope: Scope, optional = false): void => {
  if (node.kind === 'ListNode') {
    for (const item of (node as OperationNode & { items: readonly OperationNode[] }).items)
      add(item, scope, optional);
  } else if (AliasNode.is(node)) scope.add(nameOf(node.alias), sourceOf(node.node, scope), optional);
  else if (TableNode.is(node)) scope.add(node.table.identifier.name, sourceOf(node, scope), optional);
  else scope.add(undefined, unknownRelation, optional);
};

/** Returns the relation that an item of FROM stands for. */
export function sourceOf(given: OperationNode, scope: Scope): Relation {
  const node = unwrapped(given);
  if (!TableNode.is(node)) return relationOf(node, scope);
  return node.table.schema ? unknownRelation : scope.relation(node.table.identifier.name);
}
