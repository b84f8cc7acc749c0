// A process that runs one job until it ends or is killed. It uses the built package, as a user does, and declares the
// e-mails of emails.ts again.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, system } from 'ashlar';
import { defineJobs } from 'ashlar/jobs';
import { z } from 'zod';

const emails = defineJobs('email_job', {
  data: z.object({ to: z.email(), subject: z.string().min(1) }),
  result: { message_id: z.string(), bytes: z.int().min(0), greylisted: z.boolean().nullable() },
  sums: { bytes: {} },
});
const [url, jobId, key] = process.argv.slice(2);
const mail = system('testing', { tables: emails.tables, migrations: new URL('file:///nowhere/') });
const db = await connect(mail, { url, key });
const smtp = {
  name: 'smtp',
  idempotent: true,
  // each call is reported before it has its effect, so that the test knows all of them
  run: async ({ row_number, row_data }, { idempotencyKey }) => {
    process.stdout.write(`${row_number} ${idempotencyKey}\n`);
    await sleep(2);
    return { message_id: `<${idempotencyKey.slice(0, 8)}@example.org>`, bytes: row_data.subject.length };
  },
};
await emails.run(db, jobId, smtp, { concurrency: 4, flushEvery: 8 });
await db.close();
