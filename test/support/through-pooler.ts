import { inject } from 'vitest';
import { openPostgres as openServer } from '../../packages/ashlar/src/engines/postgres/server/open.js';
import { runAt } from './cluster.js';

type Options = Parameters<typeof openServer>[0];
type Engine = Awaited<ReturnType<typeof openServer>>;

declare module 'vitest' {
  interface ProvidedContext {
    /** The PgBouncer in front of the test server: its port, and the URL of its console. */
    pooler: { readonly port: number; readonly console: string };
  }
}

const openPooled = (options: Options): Promise<Engine> => {
  const url = new URL(options.url);
  url.port = String(inject('pooler').port);
  url.searchParams.set('pooled', 'true');
  return openServer({ ...options, url: url.href });
};

// the pooler keeps its connections open, and a database in use can be no template: the server waits a few seconds
const leaveDatabase = async (text: string): Promise<void> => {
  const database = new URL(text).pathname.slice(1);
  if (database.startsWith('ashlar_test_'))
    await runAt(inject('pooler').console, `RECONNECT ${database}`).catch(() => undefined);
};

/**
 * Replaces `openPostgres` where vitest.tools.config.ts says so: sessions and reads go through the pooler, and the work of
 * the owner to the server itself, as with DATABASE_URL and DATABASE_MIGRATE_URL. So tests that know nothing of poolers
 * run through one.
 */
export async function openPostgres(options: Options): Promise<Engine> {
  const direct = await openServer(options);
  const opened = [direct];
  const registered: Parameters<Engine['register']>[] = [];
  try {
    let pooled = await openPooled(options);
    opened.push(pooled);
    // inherits what it does not have: connectedRole and context are getters
    const engine = Object.create(pooled) as { -readonly [Name in keyof Engine]: Engine[Name] };
    // only an engine that does the work of the owner notices that it changed the roles: the other is opened again
    const asOwner = async <T>(...given: Parameters<typeof direct.asOwner<T>>): Promise<T> => {
      try {
        return await direct.asOwner(...given);
      } finally {
        if (JSON.stringify(direct.connectedRole) !== JSON.stringify(pooled.connectedRole)) {
          pooled = await openPooled({ ...options, create: false });
          opened.push(pooled);
          for (const tables of registered) pooled.register(...tables);
          Object.setPrototypeOf(engine, pooled);
        }
      }
    };
    Object.assign(engine, {
      asOwner,
      holdingOwner: direct.holdingOwner,
      vacuum: direct.vacuum,
      snapshot: direct.snapshot,
      url: direct.url,
      register: (...tables: Parameters<Engine['register']>) => {
        registered.push(tables);
        pooled.register(...tables);
      },
      close: async () => {
        for (const each of opened) await each.close();
        await leaveDatabase(options.url);
      },
    });
    return engine;
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}
