import { view } from 'ashlar';
import { sql } from 'ashlar/query';
import { z } from 'zod';
import { type ExpertsSession, emailAddress } from './tables.js';

/**
 * How long conversations are kept: this many months after the last contact with the person. The period is part of the schema,
 * in the view `expired_leads`; change it here, and `ashlar migrate new` writes the step that changes it in the database.
 */
export const retention = {
  months: 24,
  reason: 'POPIA s14(1), GDPR art. 5(1)(e): no longer than the purpose of the chat requires',
} as const;

// the index of conversations by e-mail and time serves the last contact
const lastContact = `coalesce(
      (SELECT c.created_at FROM conversations AS c WHERE c.email = l.email ORDER BY c.created_at DESC, c.id DESC LIMIT 1),
      l.captured_at
    )`;

const query = (cutoff: string): string =>
  `SELECT l.email AS email, ${lastContact} AS last_contact
  FROM leads AS l
  WHERE ${lastContact} <= ${cutoff}`;

/**
 * Declares the view of the leads whose conversations are kept no longer.
 *
 * @param months - after the last contact
 */
export function expiredLeadsView(months: number) {
  return view({
    name: 'expired_leads',
    columns: { email: emailAddress, last_contact: z.string() },
    // "floor" takes the last day of a shorter month, as PostgreSQL does
    sqlite: query(`strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-${months} months', 'floor')`),
    postgres: query(`((now() AT TIME ZONE 'UTC') - interval '${months} months') AT TIME ZONE 'UTC'`),
  });
}

/** The leads whose conversations are kept no longer, each with the time of the last contact. */
export const expiredLeads = expiredLeadsView(retention.months);

/**
 * Forgets people whose conversations are kept no longer: deletes each such lead with all its exchanges. Call it again until it
 * returns 0, and regularly.
 *
 * @param options - `limit`: how many people at most, 500 by default
 * @returns how many people were forgotten
 */
export async function forgetExpired(
  s: ExpertsSession,
  { limit = 500 }: { readonly limit?: number | undefined } = {},
): Promise<number> {
  const expired = sql<string>`(SELECT email FROM expired_leads ORDER BY last_contact LIMIT ${limit})`;
  // waits for exchanges that are being written. Only a second statement sees them: one that waited for a lock still chooses by
  // what it saw before
  const locked = await s.query
    .selectFrom('leads')
    .select('email')
    .where('email', 'in', expired)
    .orderBy('email')
    .forUpdate()
    .execute();
  if (locked.length === 0) return 0;
  const { numDeletedRows } = await s.query
    .deleteFrom('leads')
    .where(
      'email',
      'in',
      locked.map(({ email }) => email),
    )
    .where('email', 'in', sql<string>`(SELECT email FROM expired_leads)`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
