import { connect, type Database, system } from 'ashlar';
import { defineJobs, type ExecutorOf } from 'ashlar/jobs';
import { z } from 'zod';
import type { Place, TestEngine } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

/** The second user of jobs, beside `shipping`: e-mails, with a sum of their sizes. */
export const emails = defineJobs('email_job', {
  data: z.object({ to: z.email(), subject: z.string().min(1) }),
  result: { message_id: z.string(), bytes: z.int().min(0), greylisted: z.boolean().nullable() },
  sums: { bytes: { format: (bytes) => `${bytes} B` } },
  chunkRows: 20,
  maxAttempts: 3,
});

export type Smtp = ExecutorOf<typeof emails>;
export type EmailDatabase = Database<typeof emails.tables>;

/** E-mails to valid addresses, numbered from 1. */
export function letters(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    data: { to: `user${i + 1}@example.org`, subject: `Letter ${i + 1}` },
  }));
}

/** Makes a job of that many e-mails. @returns its id */
export async function importLetters(db: EmailDatabase, count: number, chunkRows?: number): Promise<string> {
  const { job } = await emails.import(db, letters(count), { name: 'letters' }, { chunkRows });
  return job.id;
}

/** A provider that remembers what it sent: one message a key. */
export function smtp(parts: Partial<Smtp> = {}): Smtp & { readonly sent: Map<string, number> } {
  const sent = new Map<string, number>();
  return {
    name: 'smtp',
    idempotent: true,
    sent,
    run: async ({ row_number, row_data }, { idempotencyKey }) => {
      sent.set(idempotencyKey, row_number);
      return { message_id: `<${idempotencyKey.slice(0, 8)}@example.org>`, bytes: row_data.subject.length };
    },
    ...parts,
  };
}

/** An empty database with the tables of {@link emails}. */
export function openEmails(engine: TestEngine) {
  return withTables(engine, emails.tables);
}

/** Opens it again. */
export function reopenEmails({ url, key }: Place): Promise<EmailDatabase> {
  const migrations = new URL('file:///nowhere/');
  return connect(system('testing', { tables: emails.tables, migrations }), { url, key });
}
