import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as ashlar from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import * as guarantees from 'ashlar/guarantees';
import { applyRoles } from 'ashlar/roles';
import pg from 'pg';
import { z } from 'zod';
import type { Place, TestEngine } from '../../../../test/support/engines.js';
import { openedOutside } from '../engines/sqlite/other-program.js';
import { columnKey, makeSystem, scope } from './1/system.mjs';

const at = (path: string): URL => new URL(`./1/${path}`, import.meta.url);
const text = (path: string): string => readFileSync(at(path), 'utf8');

/** The steps of the frozen release. */
export const migrations = at('migrations/');
/** The application, as the frozen release declares it. */
export const office = makeSystem(ashlar, guarantees, z, migrations);
export const options = { columnKeys: { current: columnKey }, maintain: false };

/** What leaves the database of one engine. */
export interface Sample {
  readonly checkpoint: string;
  readonly later: string;
  readonly proof: string;
  readonly consistency: string;
}

type Key = { readonly key: string; readonly publicKey: string };
export const formats: {
  readonly keys: { readonly signing: Key; readonly next: Key };
  readonly sqlite: Sample;
  readonly postgres: Sample;
  readonly handover: string;
} = JSON.parse(text('formats.json'));

type Statement = readonly [sql: string, values: readonly unknown[]];
const recorded: {
  readonly keys: readonly string[];
  readonly sqlite: readonly Statement[];
  readonly postgres: readonly Statement[];
} = JSON.parse(text('sessions.json'));

/** The backup of the frozen release: its folder, its name and its key. */
export const backup = {
  folder: fileURLToPath(at('backups/')),
  name:
    readdirSync(at('backups/'))
      .find((name) => name.endsWith('.json'))
      ?.slice(0, -'.json'.length) ?? '',
  key: text('backups/key').trim(),
};

/** Opens a place, and makes the database of the frozen release in it. The rights come from `applyRoles`, as after a restore. */
export async function restored(place: Place, opened: object = {}): Promise<Engine> {
  const engine = await openEngine({ url: place.url, key: place.key, ...opened });
  await engine.asOwner((owner) => owner.atomically(() => owner.script(text(`${engine.dialect.name}.sql`))));
  await applyRoles(engine, office);
  return engine;
}

const value = (one: unknown): unknown => {
  const { hex, integer } = (one ?? {}) as { hex?: string; integer?: string };
  if (integer !== undefined) return BigInt(integer);
  return hex === undefined ? one : Buffer.from(hex, 'hex');
};

/** The statements of the recorded session, with keys that no other repetition has. */
const repetition = (dialect: 'sqlite' | 'postgres'): Statement[] => {
  const fresh = new Map(recorded.keys.map((key) => [key, randomUUID()]));
  return recorded[dialect].map(([sql, values]) => [
    sql,
    values.map((one) => fresh.get(one as string) ?? value(one)),
  ]);
};

/** A client of the frozen release: it sends what a session of that release sends. */
export interface OldClient {
  /** Runs one session. */
  run(): Promise<void>;
  close(): Promise<void>;
}

const sqliteClient = (place: Place): OldClient => {
  const database = openedOutside(place, { timeout: 0 });
  for (const setting of ['foreign_keys = 1', 'recursive_triggers = 1', 'trusted_schema = 0'])
    database.pragma(setting);
  // the connection of a scope has these functions
  for (const end of ['low', 'high']) database.function(`ashlar_scope_text_${end}`, () => scope);
  const send = ([sql, values]: Statement): void => {
    const statement = database.prepare(sql);
    if (statement.reader) statement.all(...values);
    else statement.run(...values);
  };
  return {
    run: async () => {
      const [begin, ...others] = repetition('sqlite');
      for (;;) {
        try {
          if (begin) send(begin);
          break;
        } catch (error) {
          // another connection of this thread has the lock: it goes on only while this one waits
          if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
          await pause(1);
        }
      }
      for (const statement of others) send(statement);
    },
    close: async () => {
      database.close();
    },
  };
};

const serverClient = async ({ url }: Place): Promise<OldClient> => {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=public,pg_temp' });
  await client.connect();
  return {
    run: async () => {
      // each statement is prepared once, as the frozen release does
      for (const [sql, values] of repetition('postgres'))
        await client.query(
          values.length > 0 ? { name: sql.slice(0, 60), text: sql, values: [...values] } : sql,
        );
    },
    close: () => client.end(),
  };
};

/** PGlite has one connection, that of the process. */
const pgliteClient = (engine: Engine): OldClient => ({
  run: async () => {
    const transaction = await engine.begin({ mode: 'write', actor: 'user:7', scope });
    for (const [sql, values] of repetition('postgres').slice(1, -1)) await transaction.execute(sql, values);
    await transaction.commit();
  },
  close: async () => undefined,
});

/** Connects a client of the frozen release to a place. */
export async function oldClient({ name }: TestEngine, place: Place, engine: Engine): Promise<OldClient> {
  if (name === 'pglite') return pgliteClient(engine);
  return name === 'postgres' ? serverClient(place) : sqliteClient(place);
}
