import { randomBytes } from 'node:crypto';
import {
  autoincrement,
  bytes,
  connect,
  type Database,
  id,
  type System,
  system,
  table,
  timestamp,
} from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, ledgered, scoped } from 'ashlar/guarantees';
import { installScopeKey } from 'ashlar/keys';
import { up } from 'ashlar/migrations';
import pg from 'pg';
import { z } from 'zod';
import { type Cluster, password, startCluster } from '../../../../test/support/cluster.js';
import { type Pooler, type PoolerOptions, startPooler } from '../../../../test/support/pooler.js';
import { newStep } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

export const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
export const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: trail }),
]);
export const records = table('records', { id: id(), what: z.string() }, () => [appendOnly(), ledgered()]);
export const things = table('things', {
  id: autoincrement(),
  body: z.string().nullable(),
  size: z.number().nullable(),
  at: timestamp().nullable(),
  data: bytes().nullable(),
});
export const tables = { trail, notes, records, things };

/** What sessions of an application use. */
export interface Place {
  readonly database: string;
  readonly schema: string;
  /** The user of the application; `ashlar up` has granted it what it needs. */
  readonly app: string;
  readonly owner: string;
  readonly auditor: string;
  readonly scopeKey: string;
}

/** A server, and places on it with or without a pooler in front. */
export class Poolers {
  readonly server: Cluster;
  readonly #folder: Folder;
  readonly #program: string;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(server: Cluster, folder: Folder, program: string) {
    this.server = server;
    this.#folder = folder;
    this.#program = program;
  }

  static async start(): Promise<Poolers> {
    const { PG_BIN: bin, PGBOUNCER: program } = process.env;
    if (!bin || !program)
      throw new Error('PG_BIN and PGBOUNCER must name a folder of programs and a program.');
    const folder = await makeFolder();
    const poolers = new Poolers(await startCluster(bin), folder, program);
    await newStep(poolers.shop(), folder.url, 'initial');
    return poolers;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.#folder.remove();
  }

  /** Ends what a test opened. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  shop(): System<typeof tables> {
    return system('shop', { tables, migrations: this.#folder.url });
  }

  /** An initialised database, whose application logs in as a user of its own and, with a key, signs its context. */
  async place({
    schema = 'public',
    settings = [] as readonly string[],
    isKeyed = true,
  } = {}): Promise<Place> {
    const name = randomBytes(4).toString('hex');
    const [database, app, owner, auditor] = [`db_${name}`, `app_${name}`, `owner_${name}`, `auditor_${name}`];
    const { server } = this;
    await server.run(`CREATE ROLE ${owner} LOGIN CREATEROLE PASSWORD '${password}'`);
    await server.run(`CREATE DATABASE ${database} OWNER ${owner}`);
    await server.run(`CREATE ROLE ${app} LOGIN PASSWORD '${password}'`);
    for (const setting of settings) await server.run(`ALTER ROLE ${app} SET ${setting}`);
    const place = { database, schema, app, owner, auditor, scopeKey: randomBytes(32).toString('hex') };
    const engine = await openEngine({ url: this.direct(place, owner) });
    const roles = { app, auditor, appConnects: { password } };
    await up(engine, this.shop(), { roles });
    if (isKeyed) await installScopeKey(engine, place.scopeKey);
    await engine.close();
    return place;
  }

  direct({ database, schema }: Place, user: string): string {
    const url = new URL(this.server.url(database, user));
    url.searchParams.set('schema', schema);
    return url.href;
  }

  async pooler(options: PoolerOptions): Promise<Pooler> {
    const pooler = await startPooler(this.#program, this.server, options);
    this.#ends.push(() => pooler.stop());
    return pooler;
  }

  /** The URL of a place through a pooler. */
  url(pooler: Pooler, { database, schema, app }: Place, parameters: Record<string, string> = {}): string {
    const url = new URL(pooler.url(database, app));
    for (const [name, value] of Object.entries({ schema, ...parameters })) url.searchParams.set(name, value);
    return url.href;
  }

  async open(
    url: string,
    { scopeKey }: Pick<Place, 'scopeKey'>,
    options: { connections?: number; lockTimeout?: number } = {},
  ): Promise<Database<typeof tables>> {
    const db = await connect(this.shop(), { url, scopeKey, maintain: false, ...options });
    this.#ends.push(() => db.close());
    return db;
  }

  /** A connection of the driver, as another client of the pool has it. */
  async client(pooler: Pooler, { database, app }: Place): Promise<pg.Client> {
    const client = new pg.Client(pooler.url(database, app));
    client.on('error', () => undefined);
    await client.connect();
    this.#ends.push(() => client.end().catch(() => undefined));
    return client;
  }

  /** Runs one statement in a place as the superuser, past the pooler. */
  async run({ database, schema }: Place, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(this.server.url(database));
    await client.connect();
    try {
      await client.query(`SELECT set_config('search_path', $1, false)`, [
        `"${schema.replaceAll('"', '""')}"`,
      ]);
      return (await client.query(sql)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }
}

/** Writes as many actors at once, and reads what each of them may see. */
export function work(
  db: Database<typeof tables>,
  count: number,
): Promise<PromiseSettledResult<{ readonly id: string; readonly actor: string }>[]> {
  return Promise.allSettled(
    Array.from({ length: count }, async (_, n) => {
      const context = { actor: `actor ${n} of ${count}`, scope: `client ${n % 7}` };
      const { id: written } = await db.session(context, (s) =>
        s.insert(notes, { client: context.scope, body: `note ${n}` }),
      );
      const seen = await db.read({ scope: context.scope }, (s) =>
        s.query.selectFrom('notes').select(['id', 'client']).where('body', '!=', 'x').execute(),
      );
      const own = seen.some((row) => row.id === written);
      const others = seen.filter((row) => row.client !== context.scope);
      if (!own || others.length > 0) throw new Error(`${context.actor} sees ${JSON.stringify(seen)}`);
      return { id: written, actor: context.actor };
    }),
  );
}
