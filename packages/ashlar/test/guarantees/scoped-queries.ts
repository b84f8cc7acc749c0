import type { SqlName } from 'ashlar/extend';
import {
  type Compilable,
  type Expression,
  type JoinBuilder,
  type Kysely,
  type RawBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely';

type AnyTables = Record<string, Record<string, unknown>>;
type Builder = Kysely<AnyTables>;
type Select = SelectQueryBuilder<AnyTables, string, Record<string, unknown>>;
type Text = RawBuilder<string>;
type Whole = RawBuilder<number>;
type Condition = RawBuilder<SqlBool>;

/** A whole number from 0 up to, not including, `below`. */
export type Chance = (below: number) => number;

/** The same sequence for the same seed. */
export const chancesFrom = (seed: number): Chance => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

/** A scope, and the marker that its rows contain. */
export interface Scope {
  readonly id: string;
  readonly marker: string;
}

/** A generated statement. */
export interface Generated {
  readonly kind: string;
  readonly query: Compilable<unknown>;
  /** Set when its result, in any order, depends only on the rows that it can reach. */
  readonly isRead: boolean;
}

/** A source in FROM, with the columns that a query may name. */
interface Source {
  readonly from: string | ReturnType<Select['as']>;
  readonly alias: string;
  readonly texts: readonly Text[];
  readonly whole: Whole;
}

interface ScopedTable {
  readonly name: string;
  readonly texts: readonly string[];
  readonly whole: string;
  readonly scope: string | undefined;
}

const scopedTables: readonly ScopedTable[] = [
  { name: 'notes', texts: ['id', 'title', 'body', 'client_id'], whole: 'num', scope: 'client_id' },
  { name: 'tasks', texts: ['id', 'label', 'note_id', 'owner'], whole: 'size', scope: 'owner' },
];
const tables: readonly ScopedTable[] = [
  ...scopedTables,
  { name: 'tags', texts: ['id', 'name'], whole: 'weight', scope: undefined },
];

/** Generates Kysely statements over notes and tasks, which are scoped, and tags, which is not. */
export class ScopedQueries {
  readonly #db: Builder;
  readonly #sql: SqlName;
  readonly #chance: Chance;
  readonly #scopes: readonly Scope[];
  #names = 0;
  #shadowed: readonly string[] = [];

  constructor(db: Builder, sqlName: SqlName, chance: Chance, scopes: readonly Scope[]) {
    this.#db = db;
    this.#sql = sqlName;
    this.#chance = chance;
    this.#scopes = scopes;
  }

  /** The next statement, for a session with this scope. */
  next(own: Scope): Generated {
    this.#shadowed = [];
    const kinds: readonly (() => Generated)[] = [
      () => this.#read('select', this.#select(3)),
      () => this.#read('select', this.#ordered(this.#select(2))),
      () => this.#read('set operation', this.#setOperation()),
      () => this.#withCte(),
      () => this.#recursive(),
      () => this.#update(own),
      () => this.#delete(),
      () => this.#insert(own),
      () => this.#insertSelect(own),
      () => this.#updateUnscoped(),
      ...(this.#sql === 'postgres'
        ? [() => this.#modifyingCte(), () => this.#merge(), () => this.#lateral()]
        : [() => this.#replace(own)]),
    ];
    return this.#pick(kinds)();
  }

  #pick<T>(from: readonly T[]): T {
    const one = from[this.#chance(from.length)];
    if (one === undefined) throw new RangeError('empty list');
    return one;
  }

  #read(kind: string, query: Compilable<unknown>): Generated {
    return { kind, query, isRead: true };
  }

  #name(): string {
    return `q${++this.#names}`;
  }

  // a uuid is cast to text, because queries combine it with text columns
  #text(alias: string, column: string): Text {
    const ref = sql.ref(`${alias}.${column}`);
    return column === 'client_id' ? sql<string>`cast(${ref} as text)` : sql<string>`${ref}`;
  }

  #table(name: string, alias = this.#name()): Source {
    const found = tables.find((table) => table.name === name);
    const isCte = !found || this.#shadowed.includes(name);
    return {
      from: `${name} as ${alias}`,
      alias,
      texts: (isCte ? ['k', 'v'] : found.texts).map((column) => this.#text(alias, column)),
      whole: sql<number>`${sql.ref(`${alias}.${isCte ? 'n' : found.whole}`)}`,
    };
  }

  #source(depth: number): Source {
    if (depth > 1 && this.#chance(3) === 0) {
      const alias = this.#name();
      return { ...this.#table('', alias), from: this.#select(depth - 1).as(alias) };
    }
    return this.#table(this.#pick([...tables.map(({ name }) => name), ...this.#shadowed]));
  }

  /** Selects k and v (text) and n (an integer) from up to three joined sources. */
  #select(depth: number): Select {
    const first = this.#source(depth);
    const sources = [first];
    let query = this.#db.selectFrom(first.from as string) as unknown as Select;
    for (let i = this.#chance(3); i > 0; i--) {
      const next = this.#source(depth - 1);
      const on = this.#joining(sources, next);
      const target = next.from as string;
      const onIt = (join: JoinBuilder<AnyTables, string>) => join.on(on as Expression<SqlBool>);
      const joins: readonly (() => unknown)[] = [
        () => query.innerJoin(target, onIt),
        () => query.leftJoin(target, onIt),
        () => query.rightJoin(target, onIt),
        () => query.fullJoin(target, onIt),
        () => query.crossJoin(target),
      ];
      query = this.#pick(joins)() as Select;
      sources.push(next);
    }
    if (this.#chance(3) > 0) query = query.where(this.#condition(sources, depth));
    return this.#chance(4) === 0 ? this.#grouped(query, sources) : this.#plain(query, sources, depth);
  }

  #plain(query: Select, sources: readonly Source[], depth: number): Select {
    const columns = query.select([
      this.#textOf(sources, depth).as('k'),
      this.#textOf(sources, depth).as('v'),
      this.#wholeOf(sources, depth).as('n'),
    ]);
    return this.#chance(5) === 0 ? columns.distinct() : columns;
  }

  #grouped(query: Select, sources: readonly Source[]): Select {
    const by = this.#pick(this.#pick(sources).texts);
    const { texts, whole } = this.#pick(sources);
    const counted = this.#pick([
      sql<number>`count(*)`,
      sql<number>`count(distinct ${this.#pick(texts)})`,
      sql<number>`sum(${whole})`,
      sql<number>`max(${whole})`,
    ]);
    const most = sql<string>`${this.#pick([sql`min`, sql`max`])}(${this.#pick(texts)})`;
    const grouped = query
      .select([sql<string>`${by}`.as('k'), most.as('v'), sql<number>`cast(${counted} as integer)`.as('n')])
      .groupBy(by);
    return this.#chance(2) === 0 ? grouped.having(sql<SqlBool>`count(*) > ${this.#chance(3)}`) : grouped;
  }

  #ordered(query: Select): Select {
    return query
      .orderBy(sql`1`)
      .orderBy(sql`2`)
      .orderBy(sql`3`)
      .limit(1 + this.#chance(5));
  }

  #textOf(sources: readonly Source[], depth: number): Text {
    const { texts } = this.#pick(sources);
    const text = this.#pick(texts);
    switch (this.#chance(7)) {
      case 0:
        return sql<string>`coalesce(${text}, 'none')`;
      case 1:
        return sql<string>`${text} || '/' || ${this.#pick(this.#pick(sources).texts)}`;
      case 2:
        return sql<string>`case when ${this.#condition(sources, 0)} then ${text} else 'else' end`;
      case 3: {
        if (depth < 1) return text;
        const inner = this.#source(1);
        return sql<string>`${this.#from(inner, [sources]).select(
          sql<string>`${this.#pick([sql`min`, sql`max`])}(${this.#pick(inner.texts)})`.as('m'),
        )}`;
      }
      default:
        return text;
    }
  }

  #wholeOf(sources: readonly Source[], depth: number): Whole {
    const { whole, texts } = this.#pick(sources);
    switch (this.#chance(7)) {
      case 0: {
        if (depth < 1) return whole;
        const inner = this.#source(1);
        return sql<number>`${this.#from(inner, [sources]).select(sql<number>`cast(count(*) as integer)`.as('c'))}`;
      }
      case 1:
        return sql<number>`cast(rank() over (partition by ${this.#pick(texts)} order by ${whole}) as integer)`;
      case 2:
        return sql<number>`cast(${this.#pick([sql`count`, sql`max`, sql`sum`])}(${whole}) over (partition by ${this.#pick(texts)}) as integer)`;
      case 3:
        return sql<number>`cast(count(*) over () as integer)`;
      default:
        return whole;
    }
  }

  #from(source: Source, outer: readonly (readonly Source[])[]): Select {
    const query = this.#db.selectFrom(source.from as string) as unknown as Select;
    const around = this.#pick([...outer, []]);
    return query.where(this.#condition([source, ...around], 0));
  }

  #joining(sources: readonly Source[], next: Source): Condition {
    const [left, right] = [this.#pick(sources), next];
    return this.#pick([
      sql<SqlBool>`${this.#pick(left.texts)} = ${this.#pick(right.texts)}`,
      sql<SqlBool>`${left.whole} = ${right.whole}`,
      sql<SqlBool>`${left.texts[0]} = ${right.texts.at(-1)}`,
    ]);
  }

  #literal(): string {
    const { marker, id } = this.#pick(this.#scopes);
    const n = this.#chance(6);
    return this.#pick([`${marker}-n${n}`, `${marker}-t${n}`, `${marker} title ${n}`, id, 'common 1', '']);
  }

  #condition(sources: readonly Source[], depth: number): Condition {
    const { texts, whole } = this.#pick(sources);
    const text = this.#pick(texts);
    switch (this.#chance(depth > 0 ? 11 : 7)) {
      case 0:
        return sql<SqlBool>`${text} = ${this.#literal()}`;
      case 1:
        return sql<SqlBool>`${text} <> ${this.#literal()}`;
      case 2:
        return sql<SqlBool>`${text} like ${`%${this.#chance(6)}%`}`;
      case 3:
        return sql<SqlBool>`${whole} ${this.#pick([sql`>`, sql`<`])} ${sql.lit(this.#chance(4_000_000))}`;
      case 4:
        return sql<SqlBool>`${text} is ${this.#pick([sql`null`, sql`not null`])}`;
      case 5:
        return sql<SqlBool>`${text} > ${this.#pick(this.#pick(sources).texts)}`;
      case 6:
        return sql<SqlBool>`1 = 1`;
      case 7:
        return sql<SqlBool>`${text} ${this.#pick([sql`in`, sql`not in`])} ${this.#subselect(sources)}`;
      case 8: {
        const inner = this.#from(this.#source(depth), [sources]).select(sql<number>`1`.as('one'));
        return sql<SqlBool>`${this.#pick([sql`exists`, sql`not exists`])} ${inner}`;
      }
      case 9:
        return sql<SqlBool>`(${this.#condition(sources, depth - 1)} or ${this.#condition(sources, depth - 1)})`;
      default:
        return sql<SqlBool>`not (${this.#condition(sources, depth - 1)} and ${this.#condition(sources, depth - 1)})`;
    }
  }

  // NOT IN is never true for a list that contains NULL
  #subselect(sources: readonly Source[]): Select {
    const inner = this.#source(1);
    return this.#from(inner, [sources]).select(sql<string>`coalesce(${this.#pick(inner.texts)}, '')`.as('t'));
  }

  #setOperation(): Select {
    const how = this.#pick(['union', 'unionAll', 'intersect', 'except'] as const);
    const both = this.#select(2)[how](this.#select(2));
    return this.#chance(2) === 0 ? both : both.union(this.#select(1));
  }

  #withCte(): Generated {
    // the name shadows a table; the definition uses the other table, because SQLite would resolve this name to the CTE itself
    const name = this.#pick(['found', 'notes', 'tasks']);
    const inner = this.#table(name === 'notes' ? 'tasks' : 'notes');
    const definition = this.#plain(
      (this.#db.selectFrom(inner.from as string) as unknown as Select).where(this.#condition([inner], 0)),
      [inner],
      0,
    );
    this.#shadowed = [name];
    const main = this.#table(name);
    const other = this.#source(1);
    const query = this.#db
      .with(name, () => definition as never)
      .selectFrom(main.from as never)
      .leftJoin(other.from as never, (join) =>
        join.on(this.#joining([main], other) as Expression<SqlBool>),
      ) as unknown as Select;
    return this.#read('CTE', this.#plain(query, [main, other], 1));
  }

  #recursive(): Generated {
    const base = this.#table(this.#pick(scopedTables).name);
    const step = this.#table(this.#pick(tables).name);
    const query = this.#db
      .withRecursive('chain(k, v, n)', () => {
        const first = (this.#db.selectFrom(base.from as string) as unknown as Select).select([
          sql<string>`${base.texts[0]}`.as('k'),
          sql<string>`${base.texts[1]}`.as('v'),
          sql<number>`1`.as('n'),
        ]);
        const then = this.#db
          .selectFrom('chain')
          .innerJoin(step.from as string, (join) =>
            join.on(sql<SqlBool>`${step.texts[1]} > ${sql.ref('chain.v')}` as Expression<SqlBool>),
          ) as unknown as Select;
        return first.union(
          then
            .select([
              sql<string>`${step.texts[0]}`.as('k'),
              sql<string>`${step.texts[1]}`.as('v'),
              sql<number>`${sql.ref('chain.n')} + 1`.as('n'),
            ])
            .where(sql<SqlBool>`${sql.ref('chain.n')} < 3`),
        ) as never;
      })
      .selectFrom('chain' as never)
      .selectAll();
    return this.#read('recursive CTE', query as unknown as Compilable<unknown>);
  }

  #lateral(): Generated {
    const outer = this.#table(this.#pick(tables).name);
    const inner = this.#source(1);
    const alias = this.#name();
    const query = (this.#db.selectFrom(outer.from as string) as unknown as Select).innerJoinLateral(
      this.#plain(this.#from(inner, [[outer]]), [inner], 0).as(alias),
      (join) => join.onTrue(),
    ) as unknown as Select;
    return this.#read('lateral', this.#plain(query, [outer, { ...this.#table('', alias) }], 0));
  }

  #target(): { table: ScopedTable; source: Source; label: string } {
    const table = this.#pick(scopedTables);
    const source = this.#chance(2) === 0 ? this.#table(table.name) : this.#table(table.name, table.name);
    return { table, source, label: table.name === 'notes' ? 'title' : 'label' };
  }

  // RETURNING on SQLite accepts unqualified column names only
  #returning(source: Source, table: ScopedTable): readonly RawBuilder<unknown>[] {
    return [...table.texts, table.whole].map((column) =>
      this.#sql === 'sqlite' ? sql.ref(column) : sql.ref(`${source.alias}.${column}`),
    );
  }

  #newText(sources: readonly Source[]): Text {
    return this.#chance(2) === 0
      ? sql<string>`'changed'`
      : sql<string>`coalesce(${this.#textOf(sources, 1)}, 'empty')`;
  }

  #update(own: Scope): Generated {
    const { table, source, label } = this.#target();
    const from = this.#chance(2) === 0 ? this.#source(1) : undefined;
    const around = from ? [source, from] : [source];
    const to = this.#chance(2) === 0 ? this.#pick(this.#scopes).id : own.id;
    let query = this.#db.updateTable(source.from as string).set({
      [label]: this.#newText([source]),
      ...(this.#chance(3) === 0 && table.scope ? { [table.scope]: to } : {}),
    });
    if (from) query = query.from(from.from as string) as typeof query;
    if (this.#chance(5) > 0) query = query.where(this.#condition(around, 1) as Expression<SqlBool>);
    return {
      kind: from ? 'UPDATE … FROM' : 'UPDATE',
      isRead: false,
      query: (this.#chance(2) === 0
        ? query.returning(this.#returning(source, table).map((each, i) => each.as(`c${i}`)) as never)
        : query) as unknown as Compilable<unknown>,
    };
  }

  #delete(): Generated {
    const { table, source } = this.#target();
    const using = this.#sql === 'postgres' && this.#chance(2) === 0 ? this.#source(1) : undefined;
    let query = this.#db.deleteFrom(source.from as string);
    if (using) query = query.using(using.from as string) as typeof query;
    if (this.#chance(5) > 0)
      query = query.where(this.#condition(using ? [source, using] : [source], 1) as Expression<SqlBool>);
    return {
      kind: using ? 'DELETE … USING' : 'DELETE',
      isRead: false,
      query: (this.#chance(2) === 0
        ? query.returning(this.#returning(source, table).map((each, i) => each.as(`c${i}`)) as never)
        : query) as unknown as Compilable<unknown>,
    };
  }

  #row(own: Scope, table: ScopedTable): Record<string, unknown> {
    const rowScope = this.#chance(5) === 0 ? this.#pick(this.#scopes) : own;
    const { marker } = this.#pick(this.#scopes);
    const isTaken = this.#chance(3) === 0;
    const key = isTaken
      ? `${marker}-${table.name === 'notes' ? 'n' : 't'}${this.#chance(6)}`
      : `new-${this.#chance(1_000_000)}`;
    return table.name === 'notes'
      ? { id: key, client_id: rowScope.id, title: 'inserted', body: null, num: 7 }
      : { id: key, owner: rowScope.id, note_id: null, label: 'inserted', size: 7 };
  }

  #insert(own: Scope): Generated {
    const table = this.#pick(scopedTables);
    const rows = Array.from({ length: 1 + this.#chance(2) }, () => this.#row(own, table));
    const insert = this.#db.insertInto(table.name).values(rows);
    const label = table.name === 'notes' ? 'title' : 'label';
    const query = this.#pick([
      () => insert,
      () => insert.onConflict((conflict) => conflict.column('id').doNothing()),
      () => insert.onConflict((conflict) => conflict.column('id').doUpdateSet({ [label]: 'upserted' })),
      () =>
        insert.onConflict((conflict) =>
          conflict.column('id').doUpdateSet({ [label]: sql`excluded.${sql.ref(label)}` }),
        ),
    ])();
    return { kind: 'INSERT', isRead: false, query: query.returningAll() as unknown as Compilable<unknown> };
  }

  #insertSelect(own: Scope): Generated {
    const table = this.#pick(scopedTables);
    const source = this.#source(2);
    const rowScope = this.#chance(6) === 0 ? this.#pick(this.#scopes) : own;
    const scope =
      table.scope === 'client_id' && this.#sql === 'postgres'
        ? sql`cast(${rowScope.id} as uuid)`
        : sql`cast(${rowScope.id} as text)`;
    const columns =
      table.name === 'notes' ? ['id', 'client_id', 'title', 'num'] : ['id', 'owner', 'label', 'size'];
    const rows = this.#from(source, []).select([
      sql<string>`'new-' || ${sql.lit(this.#chance(1_000_000))} || coalesce(${source.texts[0]}, '')`.as('c1'),
      scope.as('c2'),
      sql<string>`coalesce(${this.#pick(source.texts)}, 'empty')`.as('c3'),
      sql<number>`coalesce(${source.whole}, 0)`.as('c4'),
    ]);
    const query = this.#db
      .insertInto(table.name)
      .columns(columns)
      .expression(this.#sql === 'postgres' ? rows.distinctOn(sql`1`) : rows)
      .returningAll();
    return { kind: 'INSERT … SELECT', isRead: false, query: query as unknown as Compilable<unknown> };
  }

  #replace(own: Scope): Generated {
    const table = this.#pick(scopedTables);
    const query = this.#db.replaceInto(table.name).values(this.#row(own, table)).returningAll();
    return { kind: 'REPLACE', isRead: false, query: query as unknown as Compilable<unknown> };
  }

  #updateUnscoped(): Generated {
    const target = this.#table('tags');
    const query = this.#db
      .updateTable(target.from as string)
      .set({ name: this.#newText([target]) })
      .where(this.#condition([target], 1) as Expression<SqlBool>)
      .returning(sql<string>`name`.as('name') as never);
    return { kind: 'UPDATE of tags', isRead: false, query: query as unknown as Compilable<unknown> };
  }

  #modifyingCte(): Generated {
    const { source, label } = this.#target();
    const condition = this.#condition([source], 1) as Expression<SqlBool>;
    const columns = [
      sql.ref(`${source.alias}.id`).as('k'),
      sql.ref(`${source.alias}.${label}`).as('v'),
    ] as never;
    const change =
      this.#chance(2) === 0
        ? this.#db
            .deleteFrom(source.from as string)
            .where(condition)
            .returning(columns)
        : this.#db
            .updateTable(source.from as string)
            .set({ [label]: 'changed' })
            .where(condition)
            .returning(columns);
    const other = this.#table(this.#pick(tables).name);
    const joined = this.#db
      .with('gone', () => change as never)
      .selectFrom('gone' as never)
      .leftJoin(other.from as never, (join) =>
        join.on(sql<SqlBool>`${other.texts[0]} = gone.k` as Expression<SqlBool>),
      ) as unknown as Select;
    const query = joined.select([sql`gone.k`.as('k'), sql`gone.v`.as('v'), sql`${other.texts[1]}`.as('w')]);
    return { kind: 'modifying CTE', isRead: false, query: query as unknown as Compilable<unknown> };
  }

  #merge(): Generated {
    const { source, label } = this.#target();
    const from = this.#source(1);
    const on = this.#joining([source], from);
    const merge = this.#db
      .mergeInto(source.from as string)
      .using(from.from as string, (join) => join.on(on as Expression<SqlBool>))
      .whenMatched();
    const query = this.#chance(2) === 0 ? merge.thenDelete() : merge.thenUpdateSet({ [label]: 'merged' });
    return { kind: 'MERGE', isRead: false, query: query as unknown as Compilable<unknown> };
  }
}
