import {
  ColumnNode,
  ColumnUpdateNode,
  DefaultInsertValueNode,
  type InsertQueryNode,
  type OperationNode,
  PrimitiveValueListNode,
  RawNode,
  ReferenceNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely';
import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { computedViolation } from '../engines/violations.js';
import { AshlarError } from '../errors.js';
import { clockWithheld, columnValue, isComputed } from '../model/index.js';
import { assigned, refuseSelected } from './assigned.js';
import { fillOf } from './fills.js';
import type { Output } from './meaning.js';
import { parameter, parameters } from './nodes.js';
import type { QueryParts } from './parts.js';
import { isLiteral, isValue, withResults } from './result-literals.js';
import type { Meaning } from './scope.js';

type Rewrite = (node: OperationNode) => OperationNode;

/** Rewrites the literals of a write to a declared table, and adds the values that the statement lacks. */
export class Writes {
  readonly #parts: QueryParts;
  readonly #table: TableFacts;
  readonly #rewrite: Rewrite;
  readonly #meaningOf: (node: OperationNode) => Meaning | undefined;

  constructor(
    parts: QueryParts,
    table: TableFacts,
    rewrite: Rewrite,
    meaning: (node: OperationNode) => Meaning | undefined,
  ) {
    this.#meaningOf = meaning;
    this.#parts = parts;
    this.#table = table;
    this.#rewrite = rewrite;
  }

  /**
   * Returns the columns and rows of an INSERT: each literal as its column stores it, and a value for each column that
   * this process fills (ids, function defaults, times of a given clock).
   *
   * @throws AshlarError `value-invalid`, `value-unstorable`; `guarantee-violated` for a generated key; `usage` for plaintext in an encrypted column
   */
  rows({ columns = [], values, defaultValues }: InsertQueryNode): Partial<InsertQueryNode> {
    const given = columns.map(({ column }) => this.#table.columns[column.name]);
    const rows = defaultValues ? [[]] : rowsOf(values);
    for (const [at, column] of given.entries()) {
      if (!column || rows?.every((row) => isMissing(row[at]))) continue;
      if (isGenerated(column)) throw generated(column);
      const keeper = this.#parts.clockKeeper(column);
      if (keeper !== undefined) throw clockWithheld(column, keeper);
    }
    if (!rows) return {};
    const names = new Set(columns.map(({ column }) => column.name));
    const added = Object.values(this.#table.columns).flatMap((column) => {
      const fill = names.has(column.name) ? undefined : fillOf(column, this.#parts.clock);
      return fill ? [{ column, fill }] : [];
    });
    if (defaultValues && added.length === 0) return {};
    const filled = rows.map((row) => [
      ...row.map((cell, at) => this.#cell(given[at], cell)),
      ...added.map(({ column, fill }) => this.#encoded(column, fill())),
    ]);
    return {
      columns: [...columns, ...added.map(({ column }) => ColumnNode.create(column.name))],
      values: ValuesNode.create(filled.map(listOf)),
      ...(defaultValues ? { defaultValues: false } : {}),
    };
  }

  /**
   * Returns the assignments of an UPDATE: each literal as its column stores it, and the current time for each column
   * that every update touches, unless the statement sets it.
   *
   * @throws AshlarError `value-invalid`, `value-unstorable`; `guarantee-violated` for a generated key; `usage` for plaintext in an encrypted column
   */
  assignments(updates: readonly ColumnUpdateNode[]): readonly ColumnUpdateNode[] {
    const set = new Set<string>();
    const assigned = updates.map((update) => {
      const name = targetName(update.column);
      const column = name === undefined ? undefined : this.#table.columns[name];
      if (name !== undefined) set.add(name);
      if (column && isGenerated(column)) throw generated(column);
      return { ...update, value: this.#value(column, update.value) };
    });
    const touched = Object.values(this.#table.columns).filter(
      ({ touched, name }) => touched && !set.has(name),
    );
    return [...assigned, ...touched.map((column) => this.#touch(column))];
  }

  /**
   * Refuses the query of INSERT … SELECT if a column cannot take what it selects.
   *
   * @throws AshlarError `usage`
   */
  refuseSelected(columns: readonly ColumnNode[], outputs: readonly Output[]): void {
    for (const [at, { meaning }] of outputs.entries()) {
      const column = this.#table.columns[columns[at]?.column.name ?? ''];
      if (column && meaning) refuseSelected(meaning, column);
    }
  }

  #touch(column: Column): ColumnUpdateNode {
    const { clock, now } = this.#parts;
    const time = clock
      ? parameter(this.#parts.encode(column, fillOf(column, clock)?.()))
      : RawNode.createWithSql(now(column.precision));
    return ColumnUpdateNode.create(ColumnNode.create(column.name), time);
  }

  #cell(column: Column | undefined, cell: Cell): OperationNode {
    if ('literal' in cell) return this.#encoded(column, cell.literal);
    if (!DefaultInsertValueNode.is(cell.node)) return this.#value(column, cell.node);
    const fill = column && fillOf(column, this.#parts.clock);
    if (fill) return this.#encoded(column, fill());
    return (column && this.#parts.answers.missingCell(column)) ?? cell.node;
  }

  #value(column: Column | undefined, node: OperationNode): OperationNode {
    if (!column) return this.#rewrite(node);
    if (isLiteral(node) || isValue(node)) return this.#encoded(column, node.value);
    return withResults(node, {
      literal: (value) => this.#parts.answers.typed(this.#encoded(column, value), column),
      result: (each) => this.#assigned(column, each),
      other: this.#rewrite,
    });
  }

  /** An expression as PostgreSQL would convert it to the type of the column. */
  #assigned(column: Column, node: OperationNode): OperationNode {
    return assigned(this.#rewrite(node), this.#meaningOf(node), column, this.#parts.answers);
  }

  #encoded(column: Column | undefined, value: unknown): ValueNode {
    if (!column) return parameter(value);
    const stored = column.plaintext ? ciphertext(column, value) : columnValue(column, value);
    return parameter(this.#parts.encode(column, stored));
  }
}

type Cell = { readonly literal: unknown } | { readonly node: OperationNode };

const rowsOf = (values: OperationNode | undefined): readonly (readonly Cell[])[] | undefined => {
  if (!values || !ValuesNode.is(values)) return undefined;
  return values.values.map((row) =>
    PrimitiveValueListNode.is(row)
      ? row.values.map((literal) => ({ literal }))
      : row.values.map((node) => ({ node })),
  );
};

const isMissing = (cell: Cell | undefined): boolean =>
  cell !== undefined && 'node' in cell && DefaultInsertValueNode.is(cell.node);

const listOf = (cells: readonly OperationNode[]): ValueListNode | PrimitiveValueListNode =>
  cells.every((cell) => ValueNode.is(cell) && !cell.immediate)
    ? parameters(cells.map((cell) => (cell as ValueNode).value))
    : ValueListNode.create([...cells]);

const targetName = (node: OperationNode): string | undefined => {
  if (ColumnNode.is(node)) return node.column.name;
  return ReferenceNode.is(node) && ColumnNode.is(node.column) ? node.column.column.name : undefined;
};

// the methods of a session encrypt, a statement does not
const ciphertext = (column: Column, value: unknown): unknown => {
  if (value instanceof Uint8Array || (value === null && column.nullable)) return value;
  const { table, property } = column;
  throw new AshlarError('usage', {
    message: `${table}.${property}: an encrypted column takes ciphertext, a Uint8Array.`,
    suggestion: 'Write it with the session’s insert or update, which encrypt.',
    facts: { table, columns: [property] },
  });
};

const isGenerated = (column: Column): boolean => column.generated === 'identity' || isComputed(column);

const generated = (column: Column): AshlarError => {
  const { table, property } = column;
  if (isComputed(column)) {
    const facts = { table, columns: [property], guarantee: 'computed' };
    return new AshlarError('guarantee-violated', computedViolation(facts));
  }
  return new AshlarError('guarantee-violated', {
    message: `${table}.${property} is generated by the database and cannot be given.`,
    detail: 'A number of one’s own would collide with one that the database generates later.',
    suggestion: 'Leave the column out; RETURNING gives the number.',
    facts: { table, columns: [property], guarantee: 'autoincrement' },
  });
};
