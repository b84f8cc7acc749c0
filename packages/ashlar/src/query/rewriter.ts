import {
  type AggregateFunctionNode,
  AliasNode,
  type BinaryOperationNode,
  type CastNode,
  type ColumnUpdateNode,
  type FunctionNode,
  type InsertQueryNode,
  LimitNode,
  type MergeQueryNode,
  type OnConflictNode,
  type OperationNode,
  type OrderByItemNode,
  type SelectQueryNode,
  TableNode,
  type UpdateQueryNode,
  ValueNode,
  type WhenNode,
  type WhereNode,
  type WithNode,
} from 'kysely';
import type { ResultKinds } from '../contract/answers.js';
import { inOrder, inOrderOfText } from './as-text.js';
import { formBeside, inFormOf } from './beside.js';
import { castOf } from './casts.js';
import { condition } from './conditions.js';
import { refuseDecimals } from './decimals.js';
import { functionOf, withDefault } from './function-calls.js';
import { noArrayOrder } from './json-comparisons.js';
import { jsonPartOf, noPart } from './json-parts.js';
import {
  addSources,
  certainMeaning,
  define,
  isRemembered,
  isStatement,
  meaningOf,
  type Output,
  outputsOf,
  remember,
  type StatementParts,
  sourceOf,
} from './meaning.js';
import { isReady, markReady } from './nodes.js';
import { directionOf, orderedMeaning } from './order.js';
import type { QueryParts } from './parts.js';
import type { Place } from './place.js';
import { refuseArgument } from './refused-arguments.js';
import { refuseForm, refuseSchema } from './refused-forms.js';
import { refuseTemplate } from './refused-templates.js';
import { refuseUnion } from './refused-unions.js';
import { isComputed, needsKinds, typedLiterals } from './results.js';
import { rewrittenReturning } from './returning.js';
import { type Meaning, type NestedRows, Scope } from './scope.js';
import { leaves, mapped } from './tree.js';
import { Writes } from './writes.js';

/**
 * Rewrites the trees of Kysely's statements so that their literals have the form of the declared columns, and so that
 * every engine gives the same answer.
 */
export class Rewriter {
  readonly #parts: QueryParts;
  readonly #kinds = new WeakMap<OperationNode, ResultKinds>();
  readonly #nested = new WeakMap<OperationNode, ReadonlyMap<string, NestedRows>>();

  constructor(parts: QueryParts) {
    this.#parts = parts;
  }

  /** Rewrites a whole statement. @throws AshlarError `value-invalid`, `value-unstorable`, `usage` */
  statement(given: OperationNode): OperationNode {
    const node = this.#parts.renaming?.statement(given) ?? given;
    const scope = new Scope(this.#parts.declared);
    const rewritten = this.#rewrite(node, scope);
    if (isStatement(node)) this.#note(node, rewritten, scope);
    return rewritten;
  }

  /** The columns of a rewritten statement's result that `nested` made, by name. */
  nestedOf(node: OperationNode): ReadonlyMap<string, NestedRows> | undefined {
    return this.#nested.get(node);
  }

  /** The kinds of the result columns of a rewritten statement, as far as its tree says more than the engine knows. */
  kindsOf(node: OperationNode): ResultKinds | undefined {
    return this.#kinds.get(node);
  }

  #note(node: OperationNode, rewritten: OperationNode, scope: Scope): void {
    if (!needsKinds(node, (name) => this.#parts.declared.get(name)?.isView === true)) return;
    const kinds = new Map<string, Meaning>();
    for (const output of outputsOf(node, scope)) {
      // of two columns with the same name, the row has the later one
      if (output.name === undefined) kinds.clear();
      else if (isComputed(output)) kinds.set(output.name, output.meaning);
      else kinds.delete(output.name);
    }
    if (kinds.size === 0) return;
    this.#kinds.set(rewritten, kinds);
    const nested = [...kinds].flatMap(([name, { rows }]) => (rows ? [[name, rows] as const] : []));
    if (nested.length > 0) this.#nested.set(rewritten, new Map(nested));
  }

  #rewrite(node: OperationNode, scope: Scope): OperationNode {
    if (node.kind === 'JSONReferenceNode') return this.#jsonPart(node, scope) ?? node;
    refuseSchema(node, this.#parts.declared);
    if (leaves.has(node.kind)) return node;
    if (!isReady(node)) {
      refuseForm(node);
      if (this.#parts.hasDecimals) {
        refuseDecimals(node, scope);
        refuseTemplate(node, scope, this.#parts);
      }
    }
    switch (node.kind) {
      case 'BinaryOperationNode': {
        const part = this.#jsonPart(node, scope);
        if (part) return part;
        const rewritten = condition(node as BinaryOperationNode, this.#place(scope));
        if (rewritten.kind !== node.kind) remember(rewritten, meaningOf(node, scope));
        return rewritten;
      }
      case 'CastNode':
        return isRemembered(node) ? node : this.#cast(node as CastNode, scope);
      case 'CaseNode':
        return this.#firstOf(node, scope);
      case 'FunctionNode':
        return this.#function(node as FunctionNode, scope);
      case 'AggregateFunctionNode':
        return this.#aggregate(node as AggregateFunctionNode, scope);
      case 'OrderByItemNode':
        return this.#orderBy(node as OrderByItemNode, scope);
      default:
        return isStatement(node) ? this.#statement(node, scope) : this.#children(node, scope);
    }
  }

  #children(node: OperationNode, scope: Scope): OperationNode {
    return mapped(node, (part) => this.#rewrite(part, scope));
  }

  #place(scope: Scope): Place {
    return {
      parts: this.#parts,
      scope,
      rewrite: (node) => this.#rewrite(node, scope),
      children: (node) => this.#children(node, scope),
    };
  }

  #statement(node: OperationNode, outer: Scope): OperationNode {
    // a builder that is embedded in another one was rewritten before
    if (isReady(node)) return node;
    const scope = outer.inner();
    const { with: clause } = node as { with?: WithNode };
    const first = clause ? { ...node, with: this.#with(clause, scope) } : node;
    addSources(node as StatementParts, scope);
    const rewritten = this.#statementParts(
      rewrittenReturning(first, scope, this.#parts.answers.returningKnowsAlias),
      node,
      scope,
    );
    return rewritten === node ? node : markReady(rewritten);
  }

  #with(clause: WithNode, scope: Scope): WithNode {
    const expressions = clause.expressions.map((expression) => {
      if (clause.recursive) define(expression, clause, scope);
      const rewritten = this.#rewrite(expression.expression, scope);
      if (!clause.recursive) define(expression, clause, scope);
      return { ...expression, expression: rewritten };
    });
    return { ...clause, expressions };
  }

  #statementParts(node: OperationNode, given: OperationNode, scope: Scope): OperationNode {
    switch (node.kind) {
      case 'SelectQueryNode':
        return this.#select(node as SelectQueryNode, given, scope);
      case 'InsertQueryNode':
        return this.#insert(node as InsertQueryNode, (node as InsertQueryNode).into, scope);
      case 'UpdateQueryNode':
        return this.#update(node as UpdateQueryNode, (node as UpdateQueryNode).table, scope);
      case 'MergeQueryNode':
        return this.#merge(node as MergeQueryNode, scope);
      default:
        return this.#except(node, ['with'], scope);
    }
  }

  /** Rewrites the parts of a node except some, which were rewritten before. */
  #except(node: OperationNode, names: readonly string[], scope: Scope): OperationNode {
    return mapped(node, (part) => this.#rewrite(part, scope), names);
  }

  #select(node: SelectQueryNode, given: OperationNode, scope: Scope): OperationNode {
    const { orderBy } = node;
    refuseUnion(given as SelectQueryNode, scope);
    let rewritten = this.#except(node, ['with', 'orderBy'], scope) as SelectQueryNode;
    if (orderBy) {
      const outputs = outputsOf(given, scope);
      const items = orderBy.items.map((item) => this.#orderBy(item, scope, outputs));
      rewritten = { ...rewritten, orderBy: { ...orderBy, items } };
    }
    if (rewritten.offset && !rewritten.limit && this.#parts.answers.offsetNeedsLimit)
      rewritten = { ...rewritten, limit: LimitNode.create(ValueNode.createImmediate(-1)) };
    return this.#parts.answers.typedParameters
      ? typedLiterals(inOrderOfText(rewritten, given as SelectQueryNode, scope, this.#parts.answers))
      : rewritten;
  }

  #insert(node: InsertQueryNode, into: OperationNode | undefined, scope: Scope): OperationNode {
    const writes = this.#writes(into, scope);
    const rest = this.#except(node, ['with', 'onConflict', ...(writes ? ['values'] : [])], scope);
    if (!writes) return { ...rest, ...this.#conflict(node, scope) } as OperationNode;
    if (node.values && isStatement(node.values))
      writes.refuseSelected(node.columns ?? [], outputsOf(node.values, scope));
    const values =
      node.values && node.values.kind !== 'ValuesNode' ? this.#rewrite(node.values, scope) : node.values;
    return { ...rest, values, ...writes.rows(node), ...this.#conflict(node, scope) } as OperationNode;
  }

  #conflict({ onConflict, into }: InsertQueryNode, scope: Scope): Partial<InsertQueryNode> {
    if (!onConflict) return {};
    const inner = scope.inner();
    // columns without a table are those of the target, not of the row that was to be inserted
    if (into) inner.add(into.table.identifier.name, sourceOf(into, scope));
    const excluded = scope.inner();
    if (into) excluded.add('excluded', sourceOf(into, scope));
    const rest = this.#except(onConflict, ['updates', 'updateWhere'], inner) as OnConflictNode;
    const { updates, updateWhere } = onConflict;
    const assigned =
      updates &&
      (this.#writes(into, excluded)?.assignments(updates) ??
        updates.map((each) => this.#children(each, excluded) as ColumnUpdateNode));
    return {
      onConflict: {
        ...rest,
        ...(assigned && { updates: assigned }),
        ...(updateWhere && { updateWhere: this.#rewrite(updateWhere, excluded) as WhereNode }),
      },
    };
  }

  #update(node: UpdateQueryNode, table: OperationNode | undefined, scope: Scope): OperationNode {
    const writes = this.#writes(table, scope);
    if (!writes || !node.updates) return this.#except(node, ['with'], scope);
    const rest = this.#except(node, ['with', 'updates'], scope) as UpdateQueryNode;
    return { ...rest, updates: writes.assignments(node.updates) } as UpdateQueryNode;
  }

  #merge(node: MergeQueryNode, scope: Scope): OperationNode {
    const rest = this.#except(node, ['with', 'whens'], scope) as MergeQueryNode;
    const whens = node.whens?.map((when) => this.#branch(when, node.into, scope));
    return { ...rest, ...(whens ? { whens } : {}) } as MergeQueryNode;
  }

  #branch(when: WhenNode, into: OperationNode, scope: Scope): WhenNode {
    const { result } = when;
    const rest = { ...when, condition: this.#rewrite(when.condition, scope) };
    if (!result) return rest;
    if (result.kind === 'InsertQueryNode')
      return { ...rest, result: this.#insert(result as InsertQueryNode, into, scope) };
    if (result.kind === 'UpdateQueryNode')
      return { ...rest, result: this.#update(result as UpdateQueryNode, into, scope) };
    return { ...rest, result: this.#rewrite(result, scope) };
  }

  /** The rewriting of a write's values; `undefined` if its target is not a declared table. */
  #writes(target: OperationNode | undefined, scope: Scope): Writes | undefined {
    const node = target && AliasNode.is(target) ? target.node : target;
    if (!node || !TableNode.is(node)) return undefined;
    const { table } = sourceOf(node, new Scope(this.#parts.declared));
    return (
      table &&
      new Writes(
        this.#parts,
        table,
        (each) => this.#rewrite(each, scope),
        (each) => certainMeaning(each, scope),
      )
    );
  }

  #function(node: FunctionNode, scope: Scope): OperationNode {
    const written = functionOf(node, this.#place(scope));
    if (written.kind !== node.kind) remember(written, meaningOf(node, scope));
    return written;
  }

  #cast(node: CastNode, scope: Scope): OperationNode {
    const written = castOf(node, this.#place(scope));
    remember(written, meaningOf(node, scope));
    return written;
  }

  #firstOf(node: OperationNode, scope: Scope): OperationNode {
    const form = formBeside([node], scope, 'CASE or coalesce');
    return inFormOf(node, form, this.#place(scope));
  }

  #aggregate(node: AggregateFunctionNode, scope: Scope): OperationNode {
    const [argument] = node.aggregated;
    const kind = argument && meaningOf(argument, scope)?.kind;
    const name = node.func.toLowerCase();
    if (kind) refuseArgument(name, kind);
    const rewritten = withDefault(
      node,
      this.#children(node, scope) as AggregateFunctionNode,
      this.#place(scope),
    );
    const { answers } = this.#parts;
    const [value, ...others] = rewritten.aggregated;
    if (kind === 'text' && value && /^m(in|ax)$/.test(name))
      return {
        ...rewritten,
        aggregated: [inOrder(value, { kind }, answers), ...others],
      } as AggregateFunctionNode;
    const written = answers.aggregate(rewritten, kind);
    if (!written) return rewritten;
    remember(written, meaningOf(node, scope));
    return written.kind === node.kind ? markReady({ ...written }) : written;
  }

  #jsonPart(node: OperationNode, scope: Scope): OperationNode | undefined {
    const part = jsonPartOf(node);
    if (!part) return undefined;
    if (meaningOf(part.of, scope)?.kind === 'array') throw noPart();
    const rewritten = this.#parts.answers.jsonPart({ ...part, of: this.#rewrite(part.of, scope) });
    remember(rewritten, meaningOf(node, scope));
    return rewritten;
  }

  #orderBy(node: OrderByItemNode, scope: Scope, outputs: readonly Output[] = []): OrderByItemNode {
    const children = this.#children(node, scope) as OrderByItemNode;
    const meaning = ValueNode.is(node.orderBy) ? undefined : meaningOf(node.orderBy, scope);
    const ordered = orderedMeaning(node.orderBy, scope, outputs);
    if (ordered?.kind === 'array') throw noArrayOrder('ORDER BY');
    const rewritten = { ...children, orderBy: inOrder(children.orderBy, meaning, this.#parts.answers) };
    if (!this.#parts.answers.nullsAreLowest || node.nulls) return rewritten;
    const direction = directionOf(node.direction);
    if (!direction || !(ordered?.nullable ?? true)) return rewritten;
    return { ...rewritten, nulls: direction === 'asc' ? 'last' : 'first' };
  }
}
