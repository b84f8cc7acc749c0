import type { OperationNode } from 'kysely';
import type { QueryAnswers } from '../contract/answers.js';
import type { Column, ColumnKind } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { asText } from './as-text.js';
import { isWrittenAs } from './common-form.js';
import { numbers } from './computed.js';
import type { Meaning } from './scope.js';

/**
 * Returns an expression as PostgreSQL would convert it to the column that it is assigned to.
 *
 * @param node - the rewritten expression
 * @throws AshlarError `usage` for a kind that only some engines convert, and for a time of more digits
 */
export function assigned(
  node: OperationNode,
  meaning: Meaning | undefined,
  column: Column,
  answers: QueryAnswers,
): OperationNode {
  if (!meaning) return node;
  refuseAssigned(meaning, column);
  if (column.kind === 'text') return asText(node, meaning, answers);
  if (meaning.kind === 'real' && (column.kind === 'integer' || column.kind === 'bigint'))
    return answers.asInteger(node) ?? node;
  return isWrittenAs(meaning, column) ? node : (answers.converted(node, meaning, column) ?? node);
}

/**
 * Refuses a query of INSERT … SELECT whose column is not written as that which takes it.
 *
 * @throws AshlarError `usage`
 */
export function refuseSelected(meaning: Meaning, column: Column): void {
  refuseAssigned(meaning, column);
  const isNumber = [meaning.kind, column.kind].every((kind) => exact.has(kind));
  if (!isNumber && (meaning.kind !== column.kind || !isWrittenAs(meaning, column)))
    throw noAssignment(column, meaning);
}

// a real has digits that an integer lacks
const exact: ReadonlySet<ColumnKind> = new Set(['integer', 'bigint']);

const refuseAssigned = (meaning: Meaning, column: Column): void => {
  const { kind } = column;
  if (kind === 'text') {
    if (meaning.kind === 'decimal') throw noAssignment(column, meaning);
    return;
  }
  const isDecimal = kind === 'decimal' || meaning.kind === 'decimal';
  const fits = isDecimal
    ? column.digits?.scale === meaning.digits?.scale
    : (kind === meaning.kind && (kind !== 'array' || isWrittenAs(meaning, column))) ||
      (numbers.has(kind) && numbers.has(meaning.kind));
  const widens = kind === 'timestamp' && (meaning.kind === 'date' || meaning.kind === kind);
  const isLonger = widens && meaning.kind === kind && (meaning.precision ?? 6) > column.precision;
  if (!(fits || widens) || isLonger) throw noAssignment(column, meaning);
};

const noAssignment = ({ table, name, kind, precision }: Column, meaning: Meaning): AshlarError =>
  new AshlarError('usage', {
    message: `${table}.${name} is assigned a value of another kind or width: ${described(meaning)}, not ${described({ kind, precision })}.`,
    detail: 'Engines would convert it in different ways, or not at all.',
    suggestion:
      'Cast it: eb.cast(…, "text"), "bigint", "double precision", "date", or "timestamptz(6)" for a time with six digits; or read the value and write it.',
    facts: { table, columns: [name] },
  });

const described = ({ kind, precision }: Pick<Meaning, 'kind' | 'precision'>): string =>
  kind === 'timestamp' && precision ? `${kind} with ${precision} digits` : kind;
