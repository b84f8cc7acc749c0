import { FunctionNode, type OperationNode, OperatorNode, UnaryOperationNode, ValueNode } from 'kysely';
import type { LikeParts, MatchParts, QueryAnswers, SearchedWord } from '../../../contract/answers.js';
import { identifier } from '../../../model/index.js';
import { rowsAsJson } from '../../json-rows.js';
import { raw } from '../../raw-node.js';
import { columnDefault } from '../schema/column-sql.js';
import { fullTextKey } from '../schema/declared-objects.js';
import { asText } from './as-text.js';
import { converted, extreme } from './converted.js';
import { comparableJsonText, functions } from './functions.js';
import { globOf } from './glob.js';
import { jsonPart } from './json-part.js';
import { inJson, jsonFunctions } from './nested.js';

// SQLite's LIKE ignores the case of A–Z and has no escape of its own; GLOB minds the case, and can use an index
const like = ({ left, pattern, text, negated, matchCase }: LikeParts): OperationNode => {
  const not = negated ? 'not ' : '';
  if (!matchCase) return raw(['', ` ${not}like `, " escape '\\'"], left, pattern);
  if (text !== undefined) return raw(['', ` ${not}glob `, ''], left, ValueNode.create(globOf(text)));
  const call = FunctionNode.create(functions.like, [left, pattern]);
  return negated ? UnaryOperationNode.create(OperatorNode.create('not'), call) : call;
};

// the index has the whole word, of which only the beginning counts
const term = ({ text, prefix, cut }: SearchedWord): string => `"${text}"${prefix || cut ? '*' : ''}`;

const matches = ({ table, index, alias, words }: MatchParts): OperationNode => {
  const own = table.primaryKey.columns.map((column) => `${identifier(alias)}.${identifier(column)}`);
  const found = fullTextKey(table).map((column) => (column === 'rowid' ? column : identifier(column)));
  const name = identifier(index.name);
  const query = words
    .map((forms) => `(${forms.map((form) => `(${form.map(term).join(' AND ')})`).join(' OR ')})`)
    .join(' AND ');
  return raw(
    [`(${own.join(', ')}) in (select ${found.join(', ')} from ${name} where ${name} match `, ')'],
    ValueNode.create(query),
  );
};

/** How SQLite’s SQL is written so that its answers are those of PostgreSQL. */
export const sqliteAnswers: QueryAnswers = {
  nullsAreLowest: true,
  offsetNeedsLimit: true,
  typedParameters: false,
  tuplesAreValues: true,
  returningKnowsAlias: false,
  like,
  matches,
  aggregate: () => undefined,
  comparableJson: (node) => FunctionNode.create(functions.json, [node]),
  comparableJsonText,
  asText,
  converted,
  extreme,
  asInteger: (node) => FunctionNode.create(functions.integer, [node]),
  // of bytes it is text, whose bytes are right
  asBytes: (node) => raw(['cast(', ' as blob)'], node),
  asPosition: (node) => node,
  mergedJson: (one, other) => FunctionNode.create(functions.mergedJson, [one, other]),
  byCodePoint: (node) => node,
  jsonPart,
  // the driver binds whole numbers as integers
  typed: (node, { kind }) => (kind === 'real' ? raw(['cast(', ' as real)'], node) : node),
  // Kysely would write NULL, because SQLite has no keyword for it
  missingCell: (column) => raw([columnDefault(column) ?? 'null']),
  inJson,
  rowsAsJson: (parts) => rowsAsJson(parts, jsonFunctions),
};
