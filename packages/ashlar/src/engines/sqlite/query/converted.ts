import type { OperationNode } from 'kysely';
import type { ValueWidth } from '../../../contract/answers.js';
import { raw } from '../../raw-node.js';

/** Returns a value of one form in another. */
export function converted(node: OperationNode, from: ValueWidth, to: ValueWidth): OperationNode {
  switch (to.kind) {
    case 'timestamp': {
      if (from.kind === 'date')
        return raw(['(', ` || 'T00:00:00.${to.precision === 6 ? '000000' : '000'}Z')`], node);
      return from.precision === to.precision ? asIs(node) : raw(['replace(', ", 'Z', '000Z')"], node);
    }
    case 'date':
      return from.kind === 'date' ? asIs(node) : raw(['substr(', ', 1, 10)'], node);
    case 'real':
      return raw(['cast(', ' as real)'], node);
    case 'integer':
    case 'bigint':
      return raw(['cast(', ' as integer)'], node);
    default:
      return asIs(node);
  }
}

const asIs = (node: OperationNode): OperationNode => raw(['(', ')'], node);

/** Returns the greatest or the least of some values: SQLite's own is NULL if one of them is. */
export function extreme(isGreatest: boolean, values: readonly OperationNode[]): OperationNode {
  // with one argument it is an aggregate
  if (values.length < 2) return raw(['(', ')'], ...values);
  const name = isGreatest ? 'max' : 'min';
  const lists = values.map((_, at) =>
    raw(['coalesce(', ...values.slice(1).map(() => ', '), ')'], ...values.slice(at), ...values.slice(0, at)),
  );
  return raw([`${name}(`, ...lists.slice(1).map(() => ', '), ')'], ...lists);
}
