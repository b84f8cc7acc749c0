import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { OnStatement } from '../contract/statement-event.js';
import type { LogLevel } from './index.js';

export type { Logger } from 'pino';

// a Secret prints without its value; these paths are for plain objects that are logged whole
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
 * Creates a logger that writes lines of JSON to standard error, because standard output is for results.
 *
 * @param level - the lowest level to write; `settings().logLevel` is the one of the environment
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
 * Returns an `onStatement` callback for an engine, which logs every statement at trace level: its text and its duration
 * in milliseconds, never its parameters. `undefined` if the logger does not write that level, so that it costs nothing.
 */
export function traceStatements(log: Logger): OnStatement | undefined {
  return log.isLevelEnabled('trace')
    ? ({ sql, milliseconds, returned, changed, error }) =>
        log.trace({ sql, ms: Math.round(milliseconds * 1000) / 1000, returned, changed, error }, 'statement')
    : undefined;
}
