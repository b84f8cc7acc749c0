import { type Insert, isAshlarError } from 'ashlar';
import type { z } from 'zod';
import { normaliseEmail } from './email.js';
import {
  type Conversation,
  conversations,
  type ExpertsSession,
  emailAddress,
  leads,
  type message,
} from './tables.js';

/**
 * One message of a history, as the client of a model sends it. A key whose value is `undefined` counts as absent, as in JSON.
 */
export type Message = z.input<typeof message> | { readonly [key: string]: unknown };

/**
 * An exchange to log: a question and its response. The database sets `created_at`; pass it only to import an existing
 * log (on PostgreSQL as the schema's owner).
 */
export type Exchange = Omit<Insert<typeof conversations>, 'id' | 'gap_resolved' | 'history'> & {
  readonly history?: readonly Message[] | undefined;
};

// a lead that is captured, forgotten and captured again by others at the same time is met once more
const mostAttempts = 10;

/**
 * Logs an exchange and, if its email address is new, records the address as a lead. Both commit or neither does.
 *
 * @returns the stored row, with its email in lower case
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export async function logExchange(s: ExpertsSession, exchange: Exchange): Promise<Conversation> {
  const row = {
    ...exchange,
    email: normaliseEmail(exchange.email),
    history: withoutUndefined(exchange.history) as Conversation['history'] | undefined,
  };
  for (let attempt = 1; ; attempt++) {
    if (emailAddress.safeParse(row.email).success && (await isCaptured(s, row.email)))
      return s.insert(conversations, row);
    try {
      return await s.session(async (inner) => {
        await inner.insert(leads, { email: row.email, captured_at: row.created_at });
        return inner.insert(conversations, row);
      });
    } catch (error) {
      // a concurrent session captured the lead first: it exists now
      if (attempt === mostAttempts || !isCapturedMeanwhile(error)) throw error;
    }
  }
}

// another unique key of the table, which somebody added, is no race: trying again would never end
const isCapturedMeanwhile = (error: unknown): boolean =>
  isAshlarError(error, 'unique-violation') &&
  error.facts.table === leads.name &&
  error.facts.columns?.join() === leads.primaryKey.columns.join();

// what JSON leaves out; everything else is the schema's to accept or refuse
const withoutUndefined = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === undefined ? [] : [[key, withoutUndefined(item)]],
    ),
  );
};

// the key share lock keeps the lead from being deleted until the exchange is logged
const isCaptured = async (s: ExpertsSession, address: string): Promise<boolean> => {
  const lead = s.query.selectFrom('leads').select('email').where('email', '=', address).forKeyShare();
  return (await lead.executeTakeFirst()) !== undefined;
};
