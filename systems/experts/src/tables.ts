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

/** What the chat answered with: experts that match, or a question back. */
export const responseTypes = ['match', 'clarification'] as const;
export type ResponseType = (typeof responseTypes)[number];

// 64 characters, @, 255 characters (RFC 5321 section 4.5.3.1); letters of any script (RFC 6531); a domain with a dot
const address = /^[^\s@"\p{Cc}\p{Cs}]{1,64}@(?=.{1,255}$)[^\s@.\p{Cc}\p{Cs}]+(\.[^\s@.\p{Cc}\p{Cs}]+)+$/u;

/** An email address in lower case: the same person whichever way it was typed. */
export const emailAddress = z.string().max(320).regex(address, 'Expected an email address');

/** What was said before, oldest first. */
const message = z.strictObject({ role: z.string().min(1), content: z.string() });

/** An expert as the visitor was shown one; `hourly_rate` with its currency. */
const expert = z.strictObject({
  name: z.string().min(1),
  title: z.string().nullable(),
  company: z.string().nullable(),
  hourly_rate: z.string().nullable(),
  profile_url: z.string().nullable(),
});

/** Who left an email address. Forgetting a person is removing this row: all the person's conversations go with it. */
export const leads = table('leads', { email: emailAddress, captured_at: createdAt() }, (c) => [
  primaryKey(c.email),
  check('leads_email_is_lower_case', 'email = lower(email)'),
]);

/** The condition, in SQL, that an exchange left a gap: nobody matched, and no person has dealt with it yet. */
export const openGap = "response_type = 'clarification' AND NOT gap_resolved";

/**
 * One exchange a row: what was asked and what was answered. No row changes, except that its gap is resolved once, and
 * none leaves without its lead.
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
    // a person's conversation, newest first; and all leads in order, without a look at the rows
    index(c.email, c.created_at, c.id),
    // the counts of each day, without a look at the rows
    index(c.created_at, c.response_type),
    // what nobody could answer and nobody has dealt with yet
    index(c.created_at, c.id, { name: 'conversations_open_gaps_idx', where: openGap }),
    appendOnly({ cascade: c.email, stampOnce: c.gap_resolved }),
  ],
);

export type Lead = Row<typeof leads>;
export type Conversation = Row<typeof conversations>;

export const tables = { leads, conversations };

/** A session that the services of this system run in. */
export type ExpertsSession = Session<typeof tables>;
