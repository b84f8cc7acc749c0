import { type Exchange, type ExpertsDatabase, experts, openExperts } from '@ashlar/experts';
import { type ConnectOptions, connect, up } from 'ashlar';
import type { Place, TestEngine } from '../../../test/support/engines.js';

/** A database of the system, and how to be rid of it. */
export interface ExpertsPlace {
  readonly db: ExpertsDatabase;
  readonly place: Place;
  remove(): Promise<void>;
}

const placed = (place: Place, db: ExpertsDatabase): ExpertsPlace => ({
  db,
  place,
  remove: async () => {
    await db.close();
    await place.remove();
  },
});

/** A fresh database, opened as a server would at its start. */
export const startExperts = async (
  engine: TestEngine,
  options: Partial<ConnectOptions> = {},
): Promise<ExpertsPlace> => {
  const place = await engine.place();
  return placed(place, await openExperts({ url: place.url, key: place.key, ...options }));
};

/** A fresh database as the product's first version made it. */
export const openFirstVersion = async (engine: TestEngine): Promise<ExpertsPlace> => {
  const place = await engine.place();
  const db = await connect(experts, { url: place.url, key: place.key });
  await up(db.engine, experts, { to: '0001_initial' });
  return placed(place, db);
};

/** An exchange that can be logged. */
export const someExchange = (changes: Partial<Exchange> = {}): Exchange => ({
  email: 'thandi@example.org',
  query: 'Who knows cold chains?',
  response_type: 'match',
  ...changes,
});

/** Everything of an iteration. */
export const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};
