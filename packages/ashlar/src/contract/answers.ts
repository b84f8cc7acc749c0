import type { AggregateFunctionNode, OperationNode } from 'kysely';
import type { Column, ColumnCodec, ColumnKind, DecimalDigits, DeclaredElement } from './column.js';
import type { GuardedTable } from './guarantee.js';
import type { FullText } from './objects.js';

/** The operands and the form of a LIKE. */
export interface LikeParts {
  readonly left: OperationNode;
  readonly pattern: OperationNode;
  /** The pattern as text, if it is a literal. */
  readonly text: string | undefined;
  readonly negated: boolean;
  /** Whether the case of the letters A–Z matters (LIKE) or not (ILIKE). */
  readonly matchCase: boolean;
}

/**
 * How an engine’s SQL is written so that a query has the same answer on every engine. The nodes are those of Kysely;
 * `undefined` means that the node can stay as it is.
 */
export interface QueryAnswers {
  /** Whether the engine sorts NULLs below every other value; PostgreSQL sorts them above. */
  readonly nullsAreLowest: boolean;
  /** Whether OFFSET needs a LIMIT before it. */
  readonly offsetNeedsLimit: boolean;
  /** Whether the engine derives the type of a parameter from its surroundings, so that a literal may need a cast. */
  readonly typedParameters: boolean;
  /** Whether a list of tuples after IN is written as VALUES. */
  readonly tuplesAreValues: boolean;
  /** Whether RETURNING knows the alias of the table that is written. */
  readonly returningKnowsAlias: boolean;
  like(parts: LikeParts): OperationNode | undefined;
  aggregate(node: AggregateFunctionNode, of: ColumnKind | undefined): OperationNode | undefined;
  /** Returns an expression that is equal for two JSON values exactly if they are equal as JSON. */
  comparableJson(node: OperationNode): OperationNode;
  /** Returns the text of JSON in the form that {@link comparableJson} gives it. */
  comparableJsonText(value: unknown): string;
  /** Returns the condition that an index of words finds a row. */
  matches(parts: MatchParts): OperationNode;
  /**
   * Returns a value of a kind as text: times, reals, booleans and JSON in the same form on every engine; `undefined` if a
   * cast to text gives that form.
   */
  asText(node: OperationNode, value: ResultKind): OperationNode | undefined;
  /**
   * Returns a value of one form in another: a day as a time, a time with three digits with six, a time as its day, an
   * integer as a real; `undefined` if the engine converts by itself.
   */
  converted(node: OperationNode, from: ValueWidth, to: ValueWidth): OperationNode | undefined;
  /** Returns the greatest or the least of some values, without NULLs. */
  extreme(isGreatest: boolean, values: readonly OperationNode[]): OperationNode;
  /** Returns a real as the nearest integer, of two the even one; `undefined` if a cast to an integer gives it. */
  asInteger(node: OperationNode): OperationNode | undefined;
  /** Returns `||` of bytes as bytes; `undefined` if it is bytes. */
  asBytes(node: OperationNode): OperationNode | undefined;
  /** Returns an integer as the position or the length of a part of text. */
  asPosition(node: OperationNode): OperationNode;
  /** Returns `||` of two JSON values: objects are merged, and everything else becomes one array. */
  mergedJson(one: OperationNode, other: OperationNode): OperationNode;
  /** Returns text whose order and whose upper and lower case are those of columns, and not of the database's locale. */
  byCodePoint(node: OperationNode): OperationNode;
  /** Returns a part of a JSON value. */
  jsonPart(part: JsonPart): OperationNode;
  /** Returns a parameter with the type of its kind, where the engine would take it for text. */
  typed(node: OperationNode, value: TypedValue): OperationNode;
  /** Returns what a cell without a value gets in a list of rows; `undefined` if the engine has the keyword DEFAULT there. */
  missingCell(column: Column): OperationNode | undefined;
  /** Returns an expression in the form in which {@link QueryAnswers.rowsAsJson} can put it into JSON. */
  inJson(node: OperationNode, value: ResultKind | undefined): OperationNode;
  /**
   * Returns an expression for the rows of a query as JSON: an array of rows, each an array of cells; with `one`, the
   * first row or NULL.
   */
  rowsAsJson(parts: JsonRows): OperationNode;
}

/** A word as an index has it. */
export interface SearchedWord {
  readonly text: string;
  /** Whether it may be the beginning of a longer word. */
  readonly prefix: boolean;
  /** Whether it has the length to which longer words are cut. */
  readonly cut: boolean;
}

/** A search for words in an index of words. */
export interface MatchParts {
  readonly table: GuardedTable;
  readonly index: FullText;
  /** The name by which the query refers to the table. */
  readonly alias: string;
  /** What a row has all of, at least one: a word, by the lists of words that its spellings in Unicode are. */
  readonly words: readonly (readonly (readonly SearchedWord[])[])[];
}

/** A part of a JSON value. */
export interface JsonPart {
  readonly of: OperationNode;
  /** The keys of objects, and the positions in arrays: from 0, or from -1 backwards. */
  readonly path: readonly (string | number)[];
  /** Whether the part is wanted as text (`->>`) or as JSON (`->`). */
  readonly asText: boolean;
}

/** A query whose rows become JSON. */
export interface JsonRows {
  readonly query: OperationNode;
  /** The name by which `cells` refer to the columns of the query. */
  readonly alias: string;
  readonly cells: readonly OperationNode[];
  readonly one: boolean;
}

/** What the tree of a query says about the values of a result column. */
export interface ResultKind {
  readonly kind: ColumnKind;
  /** For a time: the number of fractional digits of its seconds; `undefined` if it is not known. */
  readonly precision: 3 | 6 | undefined;
  /** For a decimal: its digits. */
  readonly digits: DecimalDigits | undefined;
  /** For an array: its elements. */
  readonly element?: DeclaredElement | undefined;
  /** Converts the values to the application's form, if the column they come from has a codec. */
  readonly codec: ColumnCodec | undefined;
}

/** The kind of a value, and for an array its elements. */
export type TypedValue = Pick<ResultKind, 'kind' | 'element'>;

/** The kind of a value, and for a time its digits. */
export type ValueWidth = Pick<ResultKind, 'kind' | 'precision'>;

/** The kinds of the result columns that the tree of a query knows, by name. */
export type ResultKinds = ReadonlyMap<string, ResultKind>;
