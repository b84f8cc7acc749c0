import type { Report } from '../../report.js';
import type { Reply } from './channel.js';
import { changesOf } from './decode.js';

/** Runs a statement and reports it. The error that is reported is the one that `work` throws. */
export async function reported(
  report: Report | undefined,
  sql: string,
  work: () => Promise<Reply>,
): Promise<Reply> {
  if (!report) return work();
  const start = performance.now();
  try {
    const reply = await work();
    report(sql, performance.now() - start, { returned: reply.rows.length, changed: changesOf(reply) });
    return reply;
  } catch (error) {
    report(sql, performance.now() - start, { error });
    throw error;
  }
}
