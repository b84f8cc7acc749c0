import type { Insert } from 'ashlar';
import type { ShippingSession } from './database.js';
import { type AuditLog, auditLogs } from './tables.js';

/** One entry of a job's log, before it has an id and a time. */
export type LogEvent = Omit<Insert<typeof auditLogs>, 'id' | 'job_id' | 'timestamp'>;

/** Writes entries to a job's log, in their order. */
export const logEvents = async (
  s: ShippingSession,
  jobId: string,
  events: readonly LogEvent[],
): Promise<void> => {
  if (events.length === 0) return;
  await s.insertMany(
    auditLogs,
    events.map((event) => ({ details: null, row_number: null, ...event, job_id: jobId })),
  );
};

/** Writes that a job changed its state. */
export const logStateChange = (
  s: ShippingSession,
  jobId: string,
  from: string,
  to: string,
  reason?: string,
) =>
  logEvents(s, jobId, [
    {
      level: to === 'failed' ? 'WARNING' : 'INFO',
      event_type: 'state_change',
      message: reason === undefined ? `${from} → ${to}` : `${from} → ${to}: ${reason}`,
      details: { from, to, actor: s.actor },
    },
  ]);

/** Which part of a log to read. */
export interface LogPage {
  readonly jobId: string;
  readonly level?: AuditLog['level'] | undefined;
  /** Entries behind this one: the last of the page before. */
  readonly after?: Pick<AuditLog, 'timestamp' | 'id'> | undefined;
  /** Newest first. Default: oldest first. */
  readonly newestFirst?: boolean | undefined;
  /** Default 100. */
  readonly limit?: number | undefined;
}

/** A page of a job's log. */
export const pageLog = async (s: ShippingSession, page: LogPage): Promise<AuditLog[]> => {
  const [order, behind] = page.newestFirst ? (['desc', '<'] as const) : (['asc', '>'] as const);
  let query = s.query
    .selectFrom('audit_logs')
    .selectAll()
    .where('job_id', '=', page.jobId)
    .orderBy('timestamp', order)
    .orderBy('id', order)
    .limit(page.limit ?? 100);
  const { after, level } = page;
  if (level) query = query.where('level', '=', level);
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('timestamp', behind, after.timestamp),
        eb.and([eb('timestamp', '=', after.timestamp), eb('id', behind, after.id)]),
      ]),
    );
  }
  return query.execute();
};
