import {
  autoincrement,
  check,
  createdAt,
  index,
  primaryKey,
  type Row,
  references,
  type Session,
  table,
} from 'ashlar';
import { appendOnly } from 'ashlar/guarantees';
import { z } from 'zod';

/** The types of response: `match` (matching experts), or `clarification` (a question to the visitor). */
export const responseTypes = ['match', 'clarification'] as const;
/** A type of response. */
export type ResponseType = (typeof responseTypes)[number];

// 64 characters, @, 255 characters (RFC 5321 section 4.5.3.1); letters of any script (RFC 6531); a domain with a dot
const address = /^[^\s@"\p{Cc}\p{Cs}]{1,64}@(?=.{1,255}$)[^\s@.\p{Cc}\p{Cs}]+(\.[^\s@.\p{Cc}\p{Cs}]+)+$/u;

/** The Zod schema of an email address of at most 320 characters. */
export const emailAddress = z.string().max(320).regex(address, 'Expected an email address');

/**
 * One message of an exchange's history, as the client of a model sends it: `content` may be a text, a list of parts, `null` or
 * absent (a call of tools), and each client has further keys. It is stored as it is given.
 */
export const message = z
  .object({ role: z.string().min(1).optional() })
  .catchall(z.json())
  .refine((given) => Object.keys(given).some((key) => key !== 'role'), 'has nothing but a role');

/** An expert as shown to the visitor; `hourly_rate` includes its currency. Further keys are stored as they are given. */
const expert = z
  .object({
    name: z.string().min(1),
    title: z.string().nullable(),
    company: z.string().nullable(),
    hourly_rate: z.string().nullable(),
    profile_url: z.string().nullable(),
  })
  .catchall(z.json());

/** The leads: people who left an email address in the chat. Deleting a lead deletes all its conversations. */
export const leads = table('leads', { email: emailAddress, captured_at: createdAt() }, (c) => [
  primaryKey(c.email),
  check('leads_email_is_lower_case', 'email = lower(email)'),
]);

/** The SQL condition for an open gap: no expert matched, and the gap is not resolved. */
export const openGap = "response_type = 'clarification' AND NOT gap_resolved";

/**
 * The log of the chat: each row is one exchange, a question and its response. Append-only: `gap_resolved` can become
 * true, once, and a row is deleted only together with its lead.
 */
export const conversations = table(
  'conversations',
  {
    id: autoincrement(),
    email: emailAddress,
    query: z.string().min(1),
    history: z.array(message).default([]),
    response_type: z.enum(responseTypes),
    response_narrative: z.string().nullable(),
    response_experts: z.array(expert).default([]),
    created_at: createdAt(),
    top_match_score: z.number().nullable(),
    gap_resolved: z.boolean().default(false),
    source: z.string().min(1).max(100).nullable(),
  },
  (c) => [
    references(c.email, leads.columns.email, { onDelete: 'cascade' }),
    // serves one person's conversation, and the list of leads as an index-only scan
    index(c.email, c.created_at, c.id),
    // serves the daily counts as an index-only scan
    index(c.created_at, c.response_type),
    // serves the open gaps
    index(c.created_at, c.id, { name: 'conversations_open_gaps_idx', where: openGap }),
    appendOnly({ cascade: c.email, stampOnce: c.gap_resolved }),
  ],
);

/** A row of `leads`. */
export type Lead = Row<typeof leads>;
/** A row of `conversations`. */
export type Conversation = Row<typeof conversations>;

/** The tables of this system. */
export const tables = { leads, conversations };

/** The type of the session that the services of this system require. */
export type ExpertsSession = Session<typeof tables>;
