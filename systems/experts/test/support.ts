import { type Exchange, type ExpertsDatabase, experts, openExperts } from '@ashlar/experts';
import { type ConnectOptions, connect } from 'ashlar';
import { up } from 'ashlar/migrations';
import type { Place, TestEngine } from '../../../test/support/engines.js';

/** An open database of the system; `remove` closes and deletes it. */
export interface OpenExperts {
  readonly db: ExpertsDatabase;
  readonly place: Place;
  remove(): Promise<void>;
}

const opened = (place: Place, db: ExpertsDatabase): OpenExperts => ({
  db,
  place,
  remove: async () => {
    await db.close();
    await place.remove();
  },
});

/** Opens a fresh database as a server does at its start. */
export async function startExperts(
  engine: TestEngine,
  options: Partial<ConnectOptions> = {},
): Promise<OpenExperts> {
  const place = await engine.place();
  return opened(place, await openExperts({ url: place.url, key: place.key, ...options }));
}

/** Opens a fresh database at the first migration. */
export async function openFirstVersion(engine: TestEngine): Promise<OpenExperts> {
  const place = await engine.place();
  const db = await connect(experts, { url: place.url, key: place.key });
  await up(db.engine, experts, { to: '0001_initial' });
  return opened(place, db);
}

/** Returns an exchange that can be logged. */
export function someExchange(changes: Partial<Exchange> = {}): Exchange {
  return {
    email: 'thandi@example.org',
    query: 'Who knows cold chains?',
    response_type: 'match',
    ...changes,
  };
}

/** Collects an async iterable. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
