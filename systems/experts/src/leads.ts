import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { normaliseEmail } from './email.js';
import type { ExpertsSession } from './tables.js';

/** A lead with its number of exchanges and the times of the first and last exchange. */
export interface LeadSummary {
  readonly email: string;
  readonly first_contact: string;
  readonly last_contact: string;
  /** The number of exchanges with the lead. */
  readonly exchanges: number;
}

const columns = [
  'email',
  'first_contact',
  'last_contact',
  'exchanges',
] as const satisfies readonly (keyof LeadSummary)[];

/** Builds the query that {@link readLeads} runs: one index-only scan in the order of email addresses. */
export function leadsQuery(s: ExpertsSession) {
  return s.query
    .selectFrom('conversations')
    .select(({ fn }) => [
      'email',
      fn.min('created_at').as('first_contact'),
      fn.max('created_at').as('last_contact'),
      fn.countAll<number>().as('exchanges'),
    ])
    .groupBy('email')
    .orderBy('email');
}

/**
 * Streams every lead, ordered by the code points of the email address, on every engine. Memory use is constant. Read
 * the stream to its end inside the session.
 */
export function readLeads(s: ExpertsSession): AsyncIterable<LeadSummary> {
  return leadsQuery(s).stream(500);
}

/** Streams the leads as the text of a JSON array, for a response body or a file. */
export async function* leadsAsJson(s: ExpertsSession): AsyncGenerator<string> {
  let before = '[';
  for await (const lead of readLeads(s)) {
    yield `${before}\n${JSON.stringify(lead)}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

/**
 * Streams the leads as CSV (RFC 4180, with a header and CRLF). A visitor may type an address that a spreadsheet interprets as a
 * formula (`=HYPERLINK(…)@example.org`), also after a character at which a spreadsheet of another country splits the line
 * (`a;=HYPERLINK(…)@example.org`): an apostrophe stands before each of them (OWASP, CSV injection).
 */
export async function* leadsAsCsv(s: ExpertsSession): AsyncGenerator<string> {
  const lines = stringify({
    header: true,
    columns: [...columns],
    record_delimiter: 'windows',
    cast: { string: withoutFormulas },
    encoding: 'utf8',
  });
  // the loop below reports the error: pipeline destroys `lines` with it
  pipeline(readLeads(s), lines).catch(() => undefined);
  for await (const line of lines) yield String(line);
}

// after the start of a cell, and after each character at which some spreadsheet splits a line
const formulas = /(?=[=+\-@\t\r＝＋－＠])(?<=(?:^|[,;\t|\r\n])"*)/g;

const withoutFormulas = (text: string): string => text.replace(formulas, "'");

/**
 * Erases a person on request (GDPR article 17, POPIA section 24): deletes the lead and all its
 * exchanges.
 *
 * @returns whether the lead existed
 */
export async function forgetLead(s: ExpertsSession, email: string): Promise<boolean> {
  const { numDeletedRows } = await s.query
    .deleteFrom('leads')
    .where('email', '=', normaliseEmail(email))
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
