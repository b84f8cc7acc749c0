import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type GuardedContext, type GuardedOptions, guarded } from 'ashlar/guarded';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import {
  integer,
  type PgDatabase,
  type PgQueryResultHKT,
  pgTable,
  serial,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { drizzle as drizzleOverJs } from 'drizzle-orm/postgres-js';
import { CamelCasePlugin, type Generated, Kysely, PostgresDialect, sql as raw } from 'kysely';
import pg from 'pg';
import postgres from 'postgres';

/** What the tests do through each tool, by its own queries. */
export interface Client {
  readonly client: object;
  insertOrder(context: GuardedContext, org: number, note: string): Promise<unknown>;
  /** The notes of the orders that are seen. */
  notes(context: GuardedContext): Promise<readonly string[]>;
  insertEvent(context: GuardedContext, what: string): Promise<unknown>;
  /** Writes an order, and throws. */
  failing(context: GuardedContext, org: number): Promise<unknown>;
  /** Ignores the error of a statement, and returns. */
  swallowing(context: GuardedContext): Promise<unknown>;
  /** Runs SQL in one transaction; the rows of the last. */
  sql(context: GuardedContext, ...texts: readonly string[]): Promise<Rows>;
  /** Runs SQL without `guarded`. */
  sqlOutside(text: string): Promise<Rows>;
  /** What sends a statement by the object of a transaction that has ended, each in a way of its own. */
  late(context: GuardedContext, text: string): Promise<readonly (() => PromiseLike<unknown>)[]>;
  /** Calls `guarded` for the transaction itself. */
  nested(context: GuardedContext): Promise<unknown>;
  /** Reads and writes without `guarded`. */
  notesOutside(): Promise<readonly string[]>;
  insertOutside(org: number): Promise<unknown>;
  close(): Promise<void>;
}

export type Rows = readonly Readonly<Record<string, unknown>>[];

/** Opens a client, with a pool of 4 connections where it has one. */
export type Open = (url: string, options: GuardedOptions, max?: number) => Promise<Client>;

const failure = (): never => {
  throw new RangeError('the work failed');
};

/** The message of an error and of those that it was made from. */
const textOf = (error: unknown): string => {
  const texts: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) texts.push(each.message);
  return texts.join('\n');
};

/** What refuses some work, with its causes. */
export const refusalOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was refused',
    (error: unknown) => textOf(error),
  );

type Queries = Pick<pg.ClientBase, 'query'>;

const insertSql = 'INSERT INTO orders (id, org_id, note) VALUES ($1, $2, $3)';
const notesOf = async (tx: Queries): Promise<string[]> =>
  (await tx.query<{ note: string }>('SELECT note FROM orders')).rows.map(({ note }) => note);

const ofPg = <C extends pg.Pool | pg.Client>(client: C, options: GuardedOptions): Client => {
  const within = <T>(context: GuardedContext, work: (tx: Queries) => Promise<T>): Promise<T> =>
    guarded(client as pg.Pool, context, (tx) => work(tx), options);
  const outside = client as Queries;
  return {
    client,
    insertOrder: (context, org, note) =>
      within(context, (tx) => tx.query(insertSql, [randomUUID(), org, note])),
    notes: (context) => within(context, notesOf),
    insertEvent: (context, what) =>
      within(context, (tx) => tx.query('INSERT INTO events (what) VALUES ($1)', [what])),
    failing: (context, org) =>
      within(context, async (tx) => {
        await tx.query(insertSql, [randomUUID(), org, 'failed']);
        failure();
      }),
    swallowing: (context) =>
      within(context, async (tx) => {
        await tx.query('SELECT 1 / 0').catch(() => undefined);
      }),
    sql: (context, ...texts) =>
      within(context, async (tx) => {
        let rows: Rows = [];
        for (const text of texts) rows = (await tx.query<Rows[number]>(text)).rows;
        return rows;
      }),
    sqlOutside: async (text) => (await outside.query<Rows[number]>(text)).rows,
    late: async (context, text) => {
      const tx = await within(context, async (given) => given);
      const { query } = tx;
      return [async () => tx.query(text), async () => query(text as never), async () => tx.query({ text })];
    },
    nested: (context) =>
      within(context, (tx) => guarded(tx as pg.PoolClient, context, async () => undefined, options)),
    notesOutside: () => notesOf(outside),
    insertOutside: (org) => outside.query(insertSql, [randomUUID(), org, 'outside']),
    close: () => client.end(),
  };
};

export const openPool: Open = async (url, options, max = 4) =>
  ofPg(new pg.Pool({ connectionString: url, max }), options);

export const openOne: Open = async (url, options) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return ofPg(client, options);
};

interface Db {
  readonly orders: { readonly id: string; readonly orgId: number; readonly note: string | null };
  readonly events: { readonly id: Generated<number>; readonly what: string };
}

export const openKysely: Open = async (url, options, max = 4) => {
  const pool = new pg.Pool({ connectionString: url, max });
  // a plugin that renames what a query returns, also what guarded asks
  const db = new Kysely<Db>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
  const order = (orgId: number, note: string) => ({ id: randomUUID(), orgId, note });
  const noted = async (from: Pick<typeof db, 'selectFrom'>): Promise<string[]> =>
    (await from.selectFrom('orders').select('note').execute()).map(({ note }) => note ?? '');
  return {
    client: db,
    insertOrder: (context, org, note) =>
      guarded(db, context, (trx) => trx.insertInto('orders').values(order(org, note)).execute(), options),
    notes: (context) => guarded(db, context, (trx) => noted(trx), options),
    insertEvent: (context, what) =>
      guarded(db, context, (trx) => trx.insertInto('events').values({ what }).execute(), options),
    failing: (context, org) =>
      guarded(
        db,
        context,
        async (trx) => {
          await trx.insertInto('orders').values(order(org, 'failed')).execute();
          failure();
        },
        options,
      ),
    swallowing: (context) =>
      guarded(
        db,
        context,
        async (trx) => {
          await raw`SELECT 1 / 0`.execute(trx).catch(() => undefined);
        },
        options,
      ),
    sql: (context, ...texts) =>
      guarded(
        db,
        context,
        async (trx) => {
          let rows: Rows = [];
          for (const text of texts) rows = (await raw<Rows[number]>`${raw.raw(text)}`.execute(trx)).rows;
          return rows;
        },
        options,
      ),
    sqlOutside: async (text) => (await raw<Rows[number]>`${raw.raw(text)}`.execute(db)).rows,
    late: async (context, text) => {
      const trx = await guarded(db, context, async (given) => given, options);
      return [async () => raw`${raw.raw(text)}`.execute(trx)];
    },
    nested: (context) =>
      guarded(db, context, (trx) => guarded(trx, context, async () => undefined, options), options),
    notesOutside: () => noted(db),
    insertOutside: (org) => db.insertInto('orders').values(order(org, 'outside')).execute(),
    close: () => db.destroy(),
  };
};

const orders = pgTable('orders', {
  id: uuid().primaryKey(),
  orgId: integer('org_id').notNull(),
  note: text(),
});
const events = pgTable('events', { id: serial().primaryKey(), what: text().notNull() });

type Drizzle = PgDatabase<PgQueryResultHKT>;

/** The rows of an answer of node-postgres or of postgres.js. */
const rowsOf = (answer: unknown): Rows =>
  Array.isArray(answer) ? (answer as Rows) : (answer as { readonly rows: Rows }).rows;

const ofDrizzle = (db: Drizzle, options: GuardedOptions, close: () => Promise<void>): Client => {
  const order = (orgId: number, note: string) => ({ id: randomUUID(), orgId, note });
  const noted = async (from: Pick<typeof db, 'select'>): Promise<string[]> =>
    (await from.select({ note: orders.note }).from(orders)).map(({ note }) => note ?? '');
  return {
    client: db,
    insertOrder: (context, org, note) =>
      guarded(db, context, (tx) => tx.insert(orders).values(order(org, note)), options),
    notes: (context) => guarded(db, context, (tx) => noted(tx), options),
    insertEvent: (context, what) => guarded(db, context, (tx) => tx.insert(events).values({ what }), options),
    failing: (context, org) =>
      guarded(
        db,
        context,
        async (tx) => {
          await tx.insert(orders).values(order(org, 'failed'));
          // a raw query in the same transaction
          await tx.execute(sql`SELECT ${1}::int`);
          failure();
        },
        options,
      ),
    swallowing: (context) =>
      guarded(
        db,
        context,
        async (tx) => {
          await tx.execute(sql`SELECT 1 / 0`).catch(() => undefined);
        },
        options,
      ),
    sql: (context, ...texts) =>
      guarded(
        db,
        context,
        async (tx) => {
          let rows: Rows = [];
          for (const text of texts) rows = rowsOf(await tx.execute(sql.raw(text)));
          return rows;
        },
        options,
      ),
    sqlOutside: async (text) => rowsOf(await db.execute(sql.raw(text))),
    late: async (context, text) => {
      const { tx, built, prepared } = await guarded(
        db,
        context,
        async (given) => ({
          tx: given,
          built: given
            .select()
            .from(orders)
            .where(sql.raw(`(${text}) IS NOT NULL`)),
          prepared: given.select().from(orders).prepare('late'),
        }),
        options,
      );
      return [
        async () => tx.execute(sql.raw(text)),
        () => built,
        async () => prepared.execute(),
        async () => tx.transaction(async (inner) => inner.execute(sql.raw(text))),
      ];
    },
    nested: (context) =>
      guarded(db, context, (tx) => guarded(tx, context, async () => undefined, options), options),
    notesOutside: () => noted(db),
    insertOutside: (org) => db.insert(orders).values(order(org, 'outside')),
    close,
  };
};

export const openDrizzle: Open = async (url, options, max = 4) => {
  const pool = new pg.Pool({ connectionString: url, max });
  return ofDrizzle(drizzle(pool), options, () => pool.end());
};

/** Over one connection. */
export const openDrizzleOne: Open = async (url, options) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return ofDrizzle(drizzle(client), options, () => client.end());
};

export const openPostgresJs: Open = async (url, options, max = 4) => {
  const connections = postgres(url, { max, onnotice: () => undefined });
  return ofDrizzle(drizzleOverJs(connections), options, () => connections.end());
};

/** The part of a generated PrismaClient that the tests use; it is generated after these files are compiled. */
interface Models {
  readonly order: {
    create(query: { data: { orgId: number; note: string } }): Promise<unknown>;
    findMany(): Promise<readonly { note: string | null }[]>;
  };
  readonly event: { create(query: { data: { what: string } }): Promise<unknown> };
  $queryRawUnsafe(text: string, ...values: readonly unknown[]): Promise<unknown>;
}

interface Prisma extends Models {
  $transaction(all: readonly Promise<unknown>[]): Promise<readonly unknown[]>;
  $transaction<T>(work: (tx: Models) => Promise<T>, options?: { timeout?: number }): Promise<T>;
  $disconnect(): Promise<void>;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Has Prisma write its client, from prisma/schema.prisma. */
export async function generatePrisma(): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [
      here('../../node_modules/prisma/build/index.js'),
      'generate',
      '--config',
      here('prisma/prisma.config.ts'),
    ],
    // generating needs no engine for migrations, which would be downloaded
    {
      cwd: here('.'),
      env: { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
    },
  );
}

export const openPrisma: Open = async (url, options, max = 4) => {
  const { PrismaPg } = await import('@prisma/adapter-pg');
  const { PrismaClient } = (await import(here('generated/client.ts'))) as {
    PrismaClient: new (options: { adapter: unknown }) => Prisma;
  };
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max }) });
  const noted = async (from: Models): Promise<string[]> =>
    (await from.order.findMany()).map(({ note }) => note ?? '');
  return {
    client: prisma,
    insertOrder: (context, orgId, note) =>
      guarded(prisma, context, (tx) => tx.order.create({ data: { orgId, note } }), options),
    notes: (context) => guarded(prisma, context, (tx) => noted(tx), options),
    insertEvent: (context, what) =>
      guarded(prisma, context, (tx) => tx.event.create({ data: { what } }), options),
    failing: (context, orgId) =>
      guarded(
        prisma,
        context,
        async (tx) => {
          await tx.order.create({ data: { orgId, note: 'failed' } });
          failure();
        },
        options,
      ),
    swallowing: (context) =>
      guarded(
        prisma,
        context,
        async (tx) => {
          await tx.$queryRawUnsafe('SELECT 1 / 0').catch(() => undefined);
        },
        options,
      ),
    sql: (context, ...texts) =>
      guarded(
        prisma,
        context,
        async (tx) => {
          let rows: Rows = [];
          for (const text of texts) rows = (await tx.$queryRawUnsafe(text)) as Rows;
          return rows;
        },
        options,
      ),
    sqlOutside: async (text) => (await prisma.$queryRawUnsafe(text)) as Rows,
    late: async (context, text) => {
      const tx = await guarded(prisma, context, async (given) => given, options);
      return [() => tx.$queryRawUnsafe(text), () => tx.order.findMany()];
    },
    nested: (context) =>
      guarded(prisma, context, (tx) => guarded(tx, context, async () => undefined, options), options),
    notesOutside: () => noted(prisma),
    insertOutside: (orgId) => prisma.order.create({ data: { orgId, note: 'outside' } }),
    close: () => prisma.$disconnect(),
  };
};
