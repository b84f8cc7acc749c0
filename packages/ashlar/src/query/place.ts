import type { OperationNode } from 'kysely';
import type { QueryParts } from './parts.js';
import type { Scope } from './scope.js';

/** What rewriting a condition needs: the names in its place, and the rewriting of its operands. */
export interface Place {
  readonly parts: QueryParts;
  readonly scope: Scope;
  /** Rewrites an expression. */
  rewrite(node: OperationNode): OperationNode;
  /** Rewrites what a node consists of, and not the node itself. */
  children(node: OperationNode): OperationNode;
}
