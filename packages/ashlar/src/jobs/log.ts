import type { InsertOf } from '../model/index.js';
import type { Job, JobModel, JobSession, LogEntry } from './model.js';
import type { LogColumns } from './shapes.js';

/** An entry for a job's log, before the database gives it an id and a time. */
export type LogEvent = Omit<InsertOf<LogColumns>, 'id' | 'job_id' | 'timestamp'>;

/** Writes entries to a job's log, in the given order. */
export async function logEvents(
  { tables }: JobModel,
  s: JobSession,
  jobId: string,
  events: readonly LogEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await s.insertMany(
    tables.log,
    events.map((event) => ({ details: null, row_number: null, ...event, job_id: jobId })),
  );
}

/** A change of a job's status: the new status and the reason. */
export interface StateChange {
  readonly to: Job['status'];
  readonly reason?: string | undefined;
}

/** Writes a change of a job's status to its log. */
export function logStateChange(
  model: JobModel,
  s: JobSession,
  { id, status: from }: Job,
  { to, reason }: StateChange,
): Promise<void> {
  return logEvents(model, s, id, [
    {
      level: to === 'failed' ? 'WARNING' : 'INFO',
      event_type: 'state_change',
      message: reason === undefined ? `${from} → ${to}` : `${from} → ${to}: ${reason}`,
      details: { from, to, actor: s.actor },
    },
  ]);
}

/** A request for one page of a job's log: the job, the level, the position and the number of entries. */
export interface LogPage {
  readonly jobId: string;
  readonly level?: LogEntry['level'] | undefined;
  /** The last entry of the previous page; the page begins with the entry that follows it in the order of reading. */
  readonly after?: Pick<LogEntry, 'timestamp' | 'id'> | undefined;
  /** Whether the newest entries come first. Default: the oldest first. */
  readonly newestFirst?: boolean | undefined;
  /** The maximum number of entries. Default 100. */
  readonly limit?: number | undefined;
}

/** Reads a page of a job's log. */
export async function pageLog({ tables }: JobModel, s: JobSession, page: LogPage): Promise<LogEntry[]> {
  const [order, behind] = page.newestFirst ? (['desc', '<'] as const) : (['asc', '>'] as const);
  let query = s.query
    .selectFrom(tables.log.name)
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
}
