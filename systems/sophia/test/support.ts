import { randomUUID } from 'node:crypto';
import { type Client, createClient, type NewClient, type SophiaSession, sophia } from '@ashlar/sophia';
import { type ConnectOptions, connect, type Database, everyScope, up } from 'ashlar';
import type { Place, TestEngine } from '../../../test/support/engines.js';

export type SophiaDatabase = Database<typeof sophia.tables>;

/** A database of the system, brought up by its migrations. */
export interface OpenSophia {
  readonly db: SophiaDatabase;
  readonly place: Place;
  /** A session of the operator, who works in every scope. */
  operate<R>(work: (s: SophiaSession) => Promise<R>): Promise<R>;
  /** A session of one client. */
  as<R>(client: Client, work: (s: SophiaSession) => Promise<R>): Promise<R>;
  /** A client that no other test uses. */
  client(changes?: Partial<NewClient>): Promise<Client>;
  remove(): Promise<void>;
}

/** Brings the system up in a fresh place. */
export const openSophia = async (
  engine: TestEngine,
  options: Partial<ConnectOptions> = {},
): Promise<OpenSophia> => {
  const place = await engine.place();
  const db = await connect(sophia, { url: place.url, key: place.key, ...options });
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
};

/** A name that is like no other. */
export const freshName = (): string => randomUUID().replaceAll('-', ' ');

/** The least that a dossier begins with. */
export const someClient = (): NewClient => ({ name: freshName(), industry: 'Hospitality' });

/** What makes a dossier ready for a first text. */
export const ready = {
  business_description: 'A boat shed with thirty seats.',
  geography_area: 'The old harbour',
  target_audience: { primary: 'couples' },
  content_pillars: ['the catch of the day'],
  guardrails: { never: ['discounts'] },
} satisfies Partial<NewClient>;
