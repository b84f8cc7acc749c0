import {
  type AggregateFunctionNode,
  AliasNode,
  type BinaryOperationNode,
  type CaseNode,
  CastNode,
  ColumnNode,
  type CommonTableExpressionNode,
  type FunctionNode,
  IdentifierNode,
  type JoinNode,
  type OperationNode,
  OperatorNode,
  RawNode,
  ReferenceNode,
  SelectAllNode,
  type SelectionNode,
  SelectQueryNode,
  TableNode,
  ValueNode,
  type WithNode,
} from 'kysely';
import { calculated, castMeaning, computed, concatenated, literalMeaning, result } from './computed.js';
import { isJsonText } from './json-parts.js';
import { comparand } from './literals.js';
import { isFirstOf, resultsOfCase } from './result-literals.js';
import { type Meaning, type Relation, type Scope, unknownRelation } from './scope.js';
import { unwrapped } from './unwrapped.js';

/** One column of a query's result; `name` is `undefined` for columns that are not known. */
export interface Output {
  readonly name: string | undefined;
  readonly meaning: Meaning | undefined;
  /** Whether the column is a plain reference. */
  readonly plain: boolean;
}

/** Operators whose result is a boolean. */
export const comparisons: ReadonlySet<string> = new Set([
  ...['=', '==', '!=', '<>', '>', '>=', '<', '<=', 'in', 'not in', 'is', 'is not'],
  ...['like', 'not like', 'ilike', 'not ilike', 'is distinct from', 'is not distinct from'],
  ...['between', 'between symmetric', '@>', '<@', '&&', '?', '?&', '?|', '~', '~*', '!~', '!~*', '^@'],
  ...['regexp', 'match'],
]);

const arithmetic: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);
const textFunctions: ReadonlySet<string> = new Set([
  ...['lower', 'upper', 'trim', 'ltrim', 'rtrim', 'replace', 'substr', 'substring', 'concat'],
]);
const sameAsArgument: ReadonlySet<string> = new Set([
  ...['min', 'max', 'abs', 'nullif', 'lag', 'lead', 'first_value', 'last_value', 'nth_value'],
]);

/** Returns whether a function takes text as its first argument. */
export function takesText(name: string): boolean {
  return textFunctions.has(name.toLowerCase()) || name.toLowerCase() === 'length';
}

/** Returns the operator of an operation as text; `''` for one that is written as raw SQL. */
export function operatorOf({ operator }: { readonly operator: OperationNode }): string {
  return OperatorNode.is(operator) ? operator.operator : '';
}

const remembered = new WeakMap<OperationNode, Meaning>();

/** Remembers the meaning of an expression that rewriting turned into raw SQL or a cast, which say nothing or less. */
export function remember(node: OperationNode, meaning: Meaning | undefined): void {
  if (meaning && (RawNode.is(node) || CastNode.is(node))) remembered.set(node, meaning);
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
  const meanings = [node.leftOperand, node.rightOperand].map((operand) => meaningOf(operand, scope));
  return operator === '||' ? concatenated(meanings) : calculated(operator, meanings);
};

const jsonPartMeaning = (node: OperationNode): Meaning => computed(isJsonText(node) ? 'text' : 'json');

const functionMeaning = (node: FunctionNode | AggregateFunctionNode, scope: Scope): Meaning | undefined => {
  const name = node.func.toLowerCase();
  const given = 'aggregated' in node ? node.aggregated : node.arguments;
  if (name === 'ashlar_matches') return computed('boolean', false);
  if (name === nestedFunctions.many || name === nestedFunctions.one) return nestedMeaning(name, given, scope);
  if (isFirstOf(name)) {
    const meaning = common(given, scope);
    const nullable = given.every((each) => meaningOf(each, scope)?.nullable ?? true);
    return meaning && { ...meaning, nullable };
  }
  if (name === 'count') return computed('integer', false);
  if (name === 'avg') return computed('real');
  const [first] = given;
  if (textFunctions.has(name))
    return computed(
      first && meaningOf(first, scope)?.kind === 'bytes' && name !== 'concat' ? 'bytes' : 'text',
    );
  if (name === 'length') return computed('integer');
  if (!first || !(name === 'sum' || sameAsArgument.has(name))) return undefined;
  return result(meaningOf(first, scope));
};

/** The functions that stand for `nested` and `nestedOne` until their query is rewritten. */
export const nestedFunctions = { many: 'ashlar_nested', one: 'ashlar_nested_one' } as const;

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

const isNull = (node: OperationNode): boolean =>
  node.kind === 'ValueNode' && (node as ValueNode).value === null;

const isAlike = (one: Meaning, other: Meaning): boolean =>
  one.kind === other.kind && one.digits?.scale === other.digits?.scale;

const merged = (one: Meaning, other: Meaning): Meaning => ({
  kind: one.kind,
  nullable: one.nullable || other.nullable,
  column: one.column === other.column ? one.column : undefined,
  precision: one.precision === other.precision ? one.precision : undefined,
  // the values of different codecs stay in their stored form
  codec: one.codec?.form === other.codec?.form ? one.codec : undefined,
  digits: (one.digits?.total ?? 0) < (other.digits?.total ?? 0) ? other.digits : one.digits,
  rows: undefined,
});

// NULL has every kind, and a literal that of the others if they have such a value
const common = (nodes: readonly OperationNode[], scope: Scope): Meaning | undefined => {
  const literals: ValueNode[] = [];
  let found: Meaning | undefined;
  for (const node of nodes) {
    if (isNull(node)) continue;
    if (ValueNode.is(node)) {
      literals.push(node);
      continue;
    }
    const meaning = meaningOf(node, scope);
    if (!meaning || (found && !isAlike(found, meaning))) return undefined;
    found = merged(found ?? meaning, meaning);
  }
  for (const { value } of literals) {
    if (found && comparand(found, value).form === 'exact') continue;
    const meaning = literalMeaning(value);
    if (!meaning || (found && found.kind !== meaning.kind)) return undefined;
    found = merged(found ?? meaning, meaning);
  }
  return found && { ...found, column: undefined, nullable: true };
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
    const same = meaning && beside && isAlike(meaning, beside);
    return {
      name,
      plain: false,
      meaning: same ? merged(meaning, beside) : undefined,
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
    },
  ];
};

const nameOf = (node: OperationNode): string | undefined => (IdentifierNode.is(node) ? node.name : undefined);

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
