import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Engine } from '../contract/engine.js';
import type { StatementEvent } from '../contract/statement-event.js';
import type { Tracing } from '../contract/tracing.js';
import { AshlarError } from '../errors.js';
import { version } from '../version.js';
import { isPromiseLike } from './values.js';

// the names are those of the semantic conventions for database client spans:
// https://opentelemetry.io/docs/specs/semconv/db/database-spans/
const systemNames = { sqlite: 'sqlite', postgres: 'postgresql' } as const;

const databaseAttributes = ({ url, dialect }: Engine): Attributes => {
  const system: Attributes = { 'db.system.name': systemNames[dialect.name] };
  const { hostname, port, pathname, searchParams } = URL.canParse(url) ? new URL(url) : new URL('none:');
  if (!hostname) return system;
  return {
    ...system,
    'db.namespace': `${decodeURIComponent(pathname.slice(1))}|${searchParams.get('schema') ?? 'public'}`,
    'server.address': hostname,
    ...(port ? { 'server.port': Number(port) } : {}),
  };
};

const statementAttributes = ({ sql, operation, table, returned, error }: StatementEvent): Attributes => ({
  'db.query.text': sql,
  'db.response.returned_rows': returned,
  ...(operation ? { 'db.operation.name': operation } : {}),
  ...(table === undefined ? {} : { 'db.collection.name': table }),
  ...(error === undefined ? {} : { 'error.type': error }),
});

// no message: that of an error of the application may hold anything
const fail = (span: Span, error: unknown): void => {
  const type = error instanceof AshlarError ? error.code : error instanceof Error ? error.name : '_OTHER';
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
};

/** Returns what writes to the tracer that OpenTelemetry has for Ashlar. */
export function openTelemetry(): Tracing {
  const tracer = trace.getTracer('ashlar', version());
  let database: Attributes = {};
  return {
    attach: (engine) => {
      database = databaseAttributes(engine);
    },
    onStatement: (statement) => {
      const { operation, table, milliseconds, error, sql } = statement;
      const end = Date.now();
      const span = tracer.startSpan([operation || sql.slice(0, 20), table].filter(Boolean).join(' '), {
        kind: SpanKind.CLIENT,
        startTime: end - milliseconds,
        attributes: { ...database, ...statementAttributes(statement) },
      });
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(end);
    },
    run: (name, work) =>
      tracer.startActiveSpan(name, { attributes: database }, (span) => {
        try {
          const result = work();
          if (!isPromiseLike(result)) {
            span.end();
            return result;
          }
          result.then(
            () => span.end(),
            (error: unknown) => {
              fail(span, error);
              span.end();
            },
          );
          return result;
        } catch (error) {
          fail(span, error);
          span.end();
          throw error;
        }
      }),
  };
}
