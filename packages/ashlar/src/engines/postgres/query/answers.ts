import {
  type AggregateFunctionNode,
  CastNode,
  DataTypeNode,
  FunctionNode,
  type OperationNode,
  ValueNode,
} from 'kysely';
import type { MatchParts, QueryAnswers, SearchedWord } from '../../../contract/answers.js';
import type { ColumnKind } from '../../../contract/column.js';
import { identifier } from '../../../model/index.js';
import { rowsAsJson } from '../../json-rows.js';
import { raw } from '../../raw-node.js';
import { wordsColumn } from '../schema/declared-objects.js';
import { parameterType } from '../wire/parameter-types.js';
import { jsonPart } from './json-part.js';
import { asText, inJson, jsonFunctions } from './nested.js';

type DataType = Parameters<typeof DataTypeNode.create>[0];

const asDouble = (node: OperationNode): OperationNode =>
  CastNode.create(node, DataTypeNode.create('double precision'));

const withArgument = (
  node: AggregateFunctionNode,
  func: string,
  argument: OperationNode,
): AggregateFunctionNode => ({ ...node, func, aggregated: [argument, ...node.aggregated.slice(1)] });

// PostgreSQL has no min and max of booleans and, before version 18, of UUIDs and bytes
const aggregate = (node: AggregateFunctionNode, of: ColumnKind | undefined): OperationNode | undefined => {
  const [argument] = node.aggregated;
  const name = node.func.toLowerCase();
  if (!argument) return undefined;
  // of integers, avg is a numeric, which has more digits than a number
  if (name === 'avg' && of === 'integer') return withArgument(node, node.func, asDouble(argument));
  if (name !== 'min' && name !== 'max') return undefined;
  if (of === 'boolean')
    return { ...node, func: name === 'min' ? 'bool_and' : 'bool_or' } as AggregateFunctionNode;
  if (of === 'uuid')
    return raw(['', '::uuid'], withArgument(node, node.func, raw(['(', ')::text collate "C"'], argument)));
  if (of === 'bytes')
    return raw(
      ['decode(', ", 'hex')"],
      withArgument(node, node.func, raw(['encode(', ', \'hex\') collate "C"'], argument)),
    );
  return undefined;
};

// words have no quotes; the index has no longer word than one that may have been cut
const term = ({ text, prefix, cut }: SearchedWord): string => `'${text}'${prefix && !cut ? ':*' : ''}`;

const matches = ({ index, alias, words }: MatchParts): OperationNode =>
  raw(
    [`${identifier(alias)}.${identifier(wordsColumn(index))} @@ `, '::text::tsquery'],
    ValueNode.create(
      words
        .map((forms) => `(${forms.map((form) => `(${form.map(term).join(' & ')})`).join(' | ')})`)
        .join(' & '),
    ),
  );

/** How PostgreSQL’s SQL is written where other engines could not give its answer. */
export const postgresAnswers: QueryAnswers = {
  nullsAreLowest: false,
  offsetNeedsLimit: false,
  typedParameters: true,
  tuplesAreValues: false,
  returningKnowsAlias: true,
  like: () => undefined,
  matches,
  aggregate,
  comparableJson: (node) => node,
  comparableJsonText: (value) => JSON.stringify(value),
  asText,
  converted: () => undefined,
  extreme: (isGreatest, values) => FunctionNode.create(isGreatest ? 'greatest' : 'least', values),
  asInteger: () => undefined,
  asBytes: () => undefined,
  // substr takes no bigint, which columns of integers are
  asPosition: (node) => raw(['(', ')::integer'], node),
  mergedJson: (one, other) => raw(['(', ' || ', ')'], one, other),
  byCodePoint: (node) => raw(['((', ') collate "C")'], node),
  jsonPart,
  // the builder knows no name of a type of arrays
  typed: (node, value) =>
    value.kind === 'array'
      ? raw(['(', `)::${parameterType(value)}`], node)
      : CastNode.create(node, DataTypeNode.create(parameterType(value) as DataType)),
  missingCell: () => undefined,
  inJson,
  rowsAsJson: (parts) => rowsAsJson(parts, jsonFunctions),
};
