import { randomUUID } from 'node:crypto';
import { type Clause, type NewClause, wills } from '@ashlar/wills';
import { type ConnectOptions, connect, type Database } from 'ashlar';
import { maintain, up } from 'ashlar/migrations';
import { markTestDatabase } from 'ashlar/testing';
import type { Place, TestEngine } from '../../../test/support/engines.js';

export type WillsDatabase = Database<typeof wills.tables>;

/** A database in which the system is initialised. */
export interface OpenWills {
  readonly db: WillsDatabase;
  readonly place: Place;
  remove(): Promise<void>;
}

/** Initialises the system in a fresh database: migrations, then maintenance for the clock's time. */
export async function openWills(
  engine: TestEngine,
  options: Partial<ConnectOptions> = {},
): Promise<OpenWills> {
  const place = await engine.place();
  const db = await connect(wills, { url: place.url, key: place.key, ...options });
  await up(db.engine, wills);
  if (options.clock) await markTestDatabase(db.engine);
  await maintain(db.engine, Object.values(wills.tables), options.clock?.() ?? new Date());
  return {
    db,
    place,
    remove: async () => {
      await db.close();
      await place.remove();
    },
  };
}

/** Returns a unique name. */
export function fresh(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

/** Returns a clause that can be published. */
export function someClause(changes: Partial<NewClause> = {}): NewClause {
  return {
    code: fresh('C'),
    name: 'Residue',
    category: 'residue',
    template_text: 'I leave everything to {{heir}}.',
    variables_schema: { type: 'object', properties: { heir: { type: 'string' } }, required: ['heir'] },
    will_types: ['basic'],
    approved_by: 'A. Attorney',
    approved_at: '2026-01-05T08:00:00.000Z',
    ...changes,
  };
}

/** An approval for a new version. */
export const approval = { approved_by: 'B. Attorney', approved_at: '2026-02-05T08:00:00.000Z' };

/** Returns a version as it is stored after its successor is published. */
export function superseded(clause: Clause, successor: Clause): Clause {
  return {
    ...clause,
    is_current: false,
    updated_at: successor.updated_at,
  };
}
