import { type Insert, isAshlarError } from 'ashlar';
import { normaliseEmail } from './email.js';
import { type Conversation, conversations, type ExpertsSession, emailAddress, leads } from './tables.js';

/**
 * An exchange to log: a question and its response. The database sets `created_at`; pass it only to import an existing
 * log (on PostgreSQL as the schema's owner).
 */
export type Exchange = Omit<Insert<typeof conversations>, 'id' | 'gap_resolved'>;

/**
 * Logs an exchange and, if its email address is new, records the address as a lead. Both commit or neither does.
 *
 * @returns the stored row, with its email in lower case
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export async function logExchange(s: ExpertsSession, exchange: Exchange): Promise<Conversation> {
  const row = { ...exchange, email: normaliseEmail(exchange.email) };
  if (emailAddress.safeParse(row.email).success && (await isCaptured(s, row.email)))
    return s.insert(conversations, row);
  try {
    return await s.session(async (inner) => {
      await inner.insert(leads, { email: row.email, captured_at: row.created_at });
      return inner.insert(conversations, row);
    });
  } catch (error) {
    // a concurrent session captured the lead first: it exists now
    if (isAshlarError(error, 'unique-violation') && error.facts.table === 'leads')
      return logExchange(s, exchange);
    throw error;
  }
}

// the key share lock keeps the lead from being deleted until the exchange is logged
const isCaptured = async (s: ExpertsSession, address: string): Promise<boolean> => {
  const lead = s.query.selectFrom('leads').select('email').where('email', '=', address).forKeyShare();
  return (await lead.executeTakeFirst()) !== undefined;
};
