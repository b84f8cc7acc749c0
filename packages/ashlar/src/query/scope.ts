import type { TableNode } from 'kysely';
import type { Column, ColumnCodec, ColumnKind, DecimalDigits, DeclaredElement } from '../contract/column.js';
import type { DeclaredView } from '../contract/objects.js';
import type { TableFacts } from '../contract/table.js';

/** What the tree of a query says about the values of an expression. */
export interface Meaning {
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  /** The declared column that the values come from unchanged; `undefined` for the result of a computation. */
  readonly column: Column | undefined;
  /** For a time: the number of fractional digits of its seconds; `undefined` if it is not known. */
  readonly precision: 3 | 6 | undefined;
  /** Converts the values to the application's form, if their column has a codec. */
  readonly codec: ColumnCodec | undefined;
  /** For a decimal: its digits. */
  readonly digits: DecimalDigits | undefined;
  /** For an array: its elements. */
  readonly element?: DeclaredElement | undefined;
  /** Whether the column is one of a view, of which the engine does not know what it declares. */
  readonly ofView?: true;
  /** For the result of `nested`: the columns of its rows. */
  readonly rows: NestedRows | undefined;
}

/** The form of the values of a column, or of an expression that is computed of one. */
export type Form = Pick<Meaning, 'kind' | 'nullable' | 'precision' | 'codec' | 'digits' | 'element'>;

/** The rows that `nested` makes of a query. */
export interface NestedRows {
  readonly one: boolean;
  readonly columns: readonly { readonly name: string; readonly meaning: Meaning | undefined }[];
}

/** The columns of a table, a common table expression or a subquery; `undefined` for a column of unknown meaning. */
export interface Relation {
  readonly columns: ReadonlyMap<string, Meaning | undefined>;
  /** Whether the relation may have columns that are not in `columns`. */
  readonly open: boolean;
  /** The declared table, if the relation is one. */
  readonly table: TableFacts | undefined;
  readonly isView?: true;
}

/** A relation of which nothing is known. */
export const unknownRelation: Relation = { columns: new Map(), open: true, table: undefined };

/** Returns the meaning of a declared column. */
function columnMeaning(column: Column): Meaning {
  const { kind, nullable, precision, codec, digits, element } = column;
  return { kind, nullable, column, precision, codec, digits, element, rows: undefined };
}

/**
 * Returns declared tables and views as relations, by name.
 *
 * @param by - whether the columns of the relations are those of the database, or of TypeScript
 */
export function declaredRelations(
  tables: readonly TableFacts[],
  views: readonly DeclaredView[] = [],
  by: 'name' | 'property' = 'name',
): ReadonlyMap<string, Relation> {
  return new Map([
    ...tables.map((table): [string, Relation] => [
      table.name,
      {
        columns: new Map(
          Object.values(table.columns).map((column) => [column[by], columnMeaning(column)] as const),
        ),
        open: false,
        table,
      },
    ]),
    ...views.map((view): [string, Relation] => [
      view.name,
      {
        columns: new Map(
          Object.values(view.columns).map(
            (column) => [column[by], { ...columnMeaning(column), ofView: true }] as const,
          ),
        ),
        open: false,
        isView: true,
        table: undefined,
      },
    ]),
  ]);
}

/** An item of FROM, under the name that the query gives it. */
export interface Source {
  readonly name: string | undefined;
  readonly relation: Relation;
  /** Whether an outer join may fill the source's columns with NULLs. */
  optional: boolean;
}

/**
 * The names that one level of a query can use: its sources (FROM and joins), its common table expressions and the names
 * of the levels around it.
 */
export class Scope {
  readonly #outer: Scope | undefined;
  readonly #declared: ReadonlyMap<string, Relation>;
  #expressions: Map<string, Relation> | undefined;
  readonly #sources: Source[] = [];

  constructor(declared: ReadonlyMap<string, Relation>, outer?: Scope) {
    this.#declared = declared;
    this.#outer = outer;
  }

  /** Returns a scope for a query nested in this one. */
  inner(): Scope {
    return new Scope(this.#declared, this);
  }

  /** Whether the names are those of a statement, not of what is around all statements. */
  get isOfStatement(): boolean {
    return this.#outer !== undefined;
  }

  /** The relations whose columns an expression can name, of this level and those around it. */
  *visible(): Generator<Relation> {
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer)
      for (const { relation } of scope.#sources) yield relation;
  }

  /** Adds a common table expression, which hides a table of the same name. */
  define(name: string, relation: Relation): void {
    this.#expressions ??= new Map();
    this.#expressions.set(name, relation);
  }

  /** Adds a source; `name` is `undefined` if the query gives it a name that cannot be read. */
  add(name: string | undefined, relation: Relation, optional = false): void {
    this.#sources.push({ name, relation, optional });
  }

  /** Marks the sources so far as filled with NULLs where a join finds no row (RIGHT and FULL JOIN). */
  makeOptional(): void {
    for (const source of this.#sources) source.optional = true;
  }

  /** Returns the relation that a name in FROM stands for. */
  relation(name: string): Relation {
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer) {
      const found = scope.#expressions?.get(name);
      if (found) return found;
    }
    return this.#declared.get(name) ?? unknownRelation;
  }

  /** Returns the declared table that a name in FROM stands for; `undefined` if it is none. */
  table({ table: { schema, identifier } }: TableNode): TableFacts | undefined {
    return schema ? undefined : this.relation(identifier.name).table;
  }

  /** Returns the meaning of a column reference; `undefined` if it is not certain. */
  column(name: string, table?: string): Meaning | undefined {
    const level = this.#level(name, table);
    const source = level && only(level, name, table);
    return source && shown(source, source.relation.columns.get(name));
  }

  /** Returns the source that a column reference means; `undefined` if it is not certain. */
  source(name: string, table?: string): Source | undefined {
    const level = this.#level(name, table);
    return level && only(level, name, table);
  }

  /** The sources of this level with a name, or all of them. */
  sources(table?: string): readonly Source[] {
    return this.#sources.filter((source) => table === undefined || source.name === table);
  }

  /** The columns of one source, or of all sources, in order; `undefined` stands for columns that are not known. */
  *all(table?: string): Generator<readonly [string, Meaning | undefined] | undefined> {
    const chosen = this.sources(table);
    if (chosen.length === 0) yield undefined;
    for (const source of chosen) {
      for (const [name, meaning] of source.relation.columns) yield [name, shown(source, meaning)];
      if (source.relation.open) yield undefined;
    }
  }

  // the innermost level that may have the column
  #level(name: string, table: string | undefined): readonly Source[] | undefined {
    const has = (source: Source): boolean =>
      table === undefined
        ? source.relation.open || source.relation.columns.has(name)
        : source.name === table || source.name === undefined;
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer)
      if (scope.#sources.some(has)) return scope.#sources;
    return undefined;
  }
}

const shown = ({ optional }: Source, meaning: Meaning | undefined): Meaning | undefined =>
  optional && meaning && !meaning.nullable ? { ...meaning, nullable: true } : meaning;

// the database refuses a name that two sources have: one known source with the column is the one that is meant
const only = (sources: readonly Source[], name: string, table: string | undefined): Source | undefined => {
  const [source, ...others] = sources.filter((each) =>
    table === undefined ? each.relation.columns.has(name) : each.name === table,
  );
  return others.length > 0 ? undefined : source;
};
