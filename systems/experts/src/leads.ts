import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { normaliseEmail } from './email.js';
import type { ExpertsSession } from './tables.js';

/** A person who left an address, and what the log says of them. */
export interface LeadSummary {
  readonly email: string;
  readonly first_contact: string;
  readonly last_contact: string;
  /** How many exchanges there were. */
  readonly exchanges: number;
}

const columns = [
  'email',
  'first_contact',
  'last_contact',
  'exchanges',
] as const satisfies readonly (keyof LeadSummary)[];

/** The query behind {@link readLeads}: one walk along an index of addresses, without a look at the rows. */
export const leadsQuery = (s: ExpertsSession) =>
  s.query
    .selectFrom('conversations')
    .select(({ fn }) => [
      'email',
      fn.min('created_at').as('first_contact'),
      fn.max('created_at').as('last_contact'),
      fn.countAll<number>().as('exchanges'),
    ])
    .groupBy('email')
    .orderBy('email');

/**
 * Every lead, ordered by address (by code point, the same on every engine). Read as they come, they take no more
 * memory for a million than for one; read them to the end inside the session.
 */
export const readLeads = (s: ExpertsSession): AsyncIterable<LeadSummary> => leadsQuery(s).stream(500);

/** The leads as the text of a JSON array, piece by piece: a body for a response, or a file. */
export async function* leadsAsJson(s: ExpertsSession): AsyncGenerator<string> {
  let before = '[';
  for await (const lead of readLeads(s)) {
    yield `${before}\n${JSON.stringify(lead)}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

/**
 * The leads as CSV (RFC 4180, with a header), piece by piece. A visitor may type an address that a spreadsheet would
 * take for a formula (`=HYPERLINK(…)@example.org`): such a cell is written with an apostrophe before it (OWASP, CSV
 * injection).
 */
export async function* leadsAsCsv(s: ExpertsSession): AsyncGenerator<string> {
  const lines = stringify({ header: true, columns: [...columns], escape_formulas: true, encoding: 'utf8' });
  // who reads the lines is told of what fails
  pipeline(readLeads(s), lines).catch(() => undefined);
  for await (const line of lines) yield String(line);
}

/**
 * Forgets a person on request (GDPR article 17, POPIA section 24): the lead and every exchange leave together.
 *
 * @returns whether there was such a lead
 */
export const forgetLead = async (s: ExpertsSession, email: string): Promise<boolean> => {
  const { numDeletedRows } = await s.query
    .deleteFrom('leads')
    .where('email', '=', normaliseEmail(email))
    .executeTakeFirst();
  return numDeletedRows > 0n;
};
