/** One object of a database, or a part of one, as its engine describes it. */
export interface CataloguePart {
  /** What the part is, as directives name it: `table`, `column`, `trigger`, `function`, … */
  readonly kind: string;
  /** The name; of a function with its arguments, and of an object of another schema with that schema. */
  readonly name: string;
  /** What tells the part from others of its kind and name: the argument types of a function, with their schemas. */
  readonly identity?: string | undefined;
  /** The relation that the part belongs to; of a part of a partition, the partitioned table. */
  readonly on?: string | undefined;
  /** The partition that the part belongs to, or that it is. */
  readonly partition?: string | undefined;
  /** Whether the part belongs to another schema, or to the whole database. */
  readonly outside?: boolean | undefined;
  /** The names of the relations that a view reads, or whose rows are those of a child. */
  readonly reads?: readonly string[] | undefined;
  /** What the engine says of the part, by name. What has no text is left out. */
  readonly facts: Readonly<Record<string, string>>;
}

/** A database as its engine describes it: the form in which it is compared with its steps. */
export interface Catalogue {
  /** The major version of the engine that described it: `18`. */
  readonly major: string;
  /** The exact version of a server, which says how it prints; `undefined` for an engine in this process. */
  readonly version?: string;
  /** The name of the schema, where the engine has schemas. */
  readonly schema?: string;
  /** The schema's name as the engine quotes it, before the names in facts. */
  readonly qualifier?: string;
  readonly parts: readonly CataloguePart[];
}

/** How the texts that an engine prints are compared where the same object is printed in two ways. */
export interface Printing {
  /** Returns a description as it would be in the schema of another one. */
  inSchema(catalogue: Catalogue, other: Pick<Catalogue, 'schema' | 'qualifier'>): Catalogue;
  /** Returns the text of a fact in the form that a dump and a restore leave as it is. */
  restored(text: string): string;
  /** Returns the text of a fact without what major versions print in different ways. */
  loosely(text: string): string;
}
