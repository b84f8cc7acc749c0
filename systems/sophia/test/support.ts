import { randomUUID } from 'node:crypto';
import { type Client, createClient, type NewClient, type SophiaSession, sophia } from '@ashlar/sophia';
import { type ConnectOptions, connect, type Database, everyScope } from 'ashlar';
import { up } from 'ashlar/migrations';
import type { Place, TestEngine } from '../../../test/support/engines.js';

/** The key of the columns in tests. */
export const columnKeys = { current: `1:${'7a'.repeat(32)}` };

export type SophiaDatabase = Database<typeof sophia.tables>;

/** A database in which the system is initialised. */
export interface OpenSophia {
  readonly db: SophiaDatabase;
  readonly place: Place;
  /** Runs `work` in a session of the operator, which has every scope. */
  operate<R>(work: (s: SophiaSession) => Promise<R>): Promise<R>;
  /** Runs `work` in a session of one client. */
  as<R>(client: Client, work: (s: SophiaSession) => Promise<R>): Promise<R>;
  /** Creates a client that no other test uses. */
  client(changes?: Partial<NewClient>): Promise<Client>;
  remove(): Promise<void>;
}

/** Initialises the system in a fresh database. */
export async function openSophia(
  engine: TestEngine,
  options: Partial<ConnectOptions> = {},
): Promise<OpenSophia> {
  const place = await engine.place();
  const db = await connect(sophia, { url: place.url, key: place.key, columnKeys, ...options });
  await up(db.engine, sophia);
  const operate: OpenSophia['operate'] = (work) => db.session({ actor: 'operator', scope: everyScope }, work);
  return {
    db,
    place,
    operate,
    as: (client, work) => db.session({ actor: `of ${client.name}`, scope: client.id }, work),
    client: (changes = {}) => operate((s) => createClient(s, { ...someClient(), ...changes })),
    remove: async () => {
      await db.close();
      await place.remove();
    },
  };
}

/** Returns a unique name that is similar to no other. */
export function freshName(): string {
  return randomUUID().replaceAll('-', ' ');
}

/** Returns the required fields of a dossier. */
export function someClient(): NewClient {
  return { name: freshName(), industry: 'Hospitality' };
}

/** The fields that make a dossier ready for a first text. */
export const ready = {
  business_description: 'A boat shed with thirty seats.',
  geography_area: 'The old harbour',
  target_audience: { primary: 'couples' },
  content_pillars: ['the catch of the day'],
  guardrails: { never: ['discounts'] },
} satisfies Partial<NewClient>;
