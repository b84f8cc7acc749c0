import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { LogLevel } from './index.js';

export type { Logger } from 'pino';

// a Secret prints itself harmlessly; these are for plain objects that somebody logs whole
const secretPaths = [
  'key',
  'password',
  'url',
  'databaseUrl',
  'databaseKey',
  'connectionString',
  'parameters',
];

/**
 * A logger that writes lines of JSON to standard error, so that standard output stays free for results.
 *
 * @param level - from which level on it writes; `settings().logLevel` is the environment's choice
 */
export function logger(
  level: LogLevel,
  stream: DestinationStream = destination({ dest: 2, sync: true }),
): Logger {
  return pino(
    {
      name: 'ashlar',
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretPaths.flatMap((path) => [path, `*.${path}`]), censor: '[secret]' },
    },
    stream,
  );
}

/**
 * What to give an engine as `onStatement` so that every statement is logged at trace level: its text and time, never
 * its parameters. `undefined` when the logger is not that talkative, so that nothing is paid for it.
 */
export function traceStatements(log: Logger): ((sql: string, milliseconds: number) => void) | undefined {
  return log.isLevelEnabled('trace')
    ? (sql, milliseconds) => log.trace({ sql, ms: Math.round(milliseconds * 1000) / 1000 }, 'statement')
    : undefined;
}
