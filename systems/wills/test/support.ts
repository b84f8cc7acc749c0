import { randomUUID } from 'node:crypto';
import {
  type Approval,
  approvedTextHash,
  type Clause,
  type ClauseChanges,
  currentClauses,
  type NewClause,
  supersedeClause,
  type WillsSession,
  wills,
} from '@ashlar/wills';
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

/** Returns a clause that can be published: an attorney approved it as it is. */
export function someClause(changes: Partial<NewClause> = {}): NewClause {
  const clause = {
    code: fresh('C'),
    name: 'Residue',
    category: 'residue' as const,
    template_text: 'I leave everything to {{heir}}.',
    variables_schema: { type: 'object', properties: { heir: { type: 'string' } }, required: ['heir'] },
    will_types: ['basic' as const],
    approved_by: 'A. Attorney',
    approved_at: '2026-01-05T08:00:00.000Z',
    ...changes,
  };
  return { approved_text_sha256: approvedTextHash(clause), ...clause };
}

/** Who approves a new version, and when. */
export const approval = { approved_by: 'B. Attorney', approved_at: '2026-02-05T08:00:00.000Z' };

/** Supersedes the current version of a clause by one that was approved as it is. */
export async function supersede(
  s: WillsSession,
  code: string,
  changes: Partial<ClauseChanges> = {},
): Promise<Clause> {
  const current = (await currentClauses(s)).find((clause) => clause.code === code);
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const next = { ...current, ...given } as Clause;
  const approved: Approval = { ...approval, approved_text_sha256: approvedTextHash(next) };
  return supersedeClause(s, code, { ...approved, ...changes });
}

/** Returns a version as it is stored after its successor is published. */
export function superseded(clause: Clause, successor: Clause): Clause {
  return {
    ...clause,
    is_current: false,
    updated_at: successor.updated_at,
  };
}
