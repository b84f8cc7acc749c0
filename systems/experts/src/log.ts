import { AshlarError, type Insert } from 'ashlar';
import { normaliseEmail } from './email.js';
import { type Conversation, conversations, type ExpertsSession, emailAddress, leads } from './tables.js';

/**
 * What was asked and what was answered. `created_at` is the database's to say; of a log that is brought along it may be
 * given, on Postgres by the owner only.
 */
export type Exchange = Omit<Insert<typeof conversations>, 'id' | 'gap_resolved'>;

/**
 * Writes an exchange to the log, and captures its lead where the address is new: both are kept, or neither.
 *
 * @returns the row as stored, its email in lower case
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export const logExchange = async (s: ExpertsSession, exchange: Exchange): Promise<Conversation> => {
  const row = { ...exchange, email: normaliseEmail(exchange.email) };
  if (emailAddress.safeParse(row.email).success && (await isCaptured(s, row.email)))
    return s.insert(conversations, row);
  try {
    return await s.session(async (inner) => {
      await inner.insert(leads, { email: row.email, captured_at: row.created_at });
      return inner.insert(conversations, row);
    });
  } catch (error) {
    // another session captured the lead meanwhile; it is there now
    if (error instanceof AshlarError && error.code === 'unique-violation') return logExchange(s, exchange);
    throw error;
  }
};

// kept from being forgotten until the exchange is in the log
const isCaptured = async (s: ExpertsSession, address: string): Promise<boolean> => {
  const lead = s.query.selectFrom('leads').select('email').where('email', '=', address).forKeyShare();
  return (await lead.executeTakeFirst()) !== undefined;
};
