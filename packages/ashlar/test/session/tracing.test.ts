import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { connect, type Database, id, system, table, unique } from 'ashlar';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';
import type { StatementEvent } from '../../src/contract/statement-event.js';
import { findTracing } from '../../src/session/tracing.js';

const notes = table('notes', { id: id(), body: z.string() }, (c) => [unique(c.body)]);
const tables = { notes };
const notebook = system('notebook', { tables, migrations: new URL('file:///nowhere/') });
const secret = 'a value that no trace may show';

describe.each(engines)('on $name', (engine) => {
  const exporter = new InMemorySpanExporter();
  const seen: StatementEvent[] = [];
  let place: Place;
  let db: Database<typeof tables>;
  let observe = (statement: StatementEvent): unknown => seen.push(statement);

  beforeAll(async () => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    place = await engine.place();
    db = await connect(notebook, { ...place, onStatement: (statement) => observe(statement) });
    await db.engine.asOwner(async (owner) => {
      for (const statement of db.engine.dialect.createTable(notes)) await owner.script(statement);
    });
  });
  afterAll(async () => {
    await db.close();
    await place.remove();
    trace.disable();
    context.disable();
  });
  beforeEach(async () => {
    await db.session(async (s) => {
      await s.query.deleteFrom('notes').execute();
      await s.insertMany(notes, [{ body: 'b' }, { body: 'c' }]);
    });
    seen.length = 0;
    exporter.reset();
  });

  describe('onStatement', () => {
    const ofNotes = () => seen.filter((statement) => statement.table === 'notes');

    test('gets the table, the operation and the numbers of rows of every path, and no parameter', async () => {
      const kept = await db.session((s) => s.insert(notes, { body: secret }));
      await db.session((s) => s.insertMany(notes, [{ body: 'd' }, { body: 'e' }]));
      await db.get(notes, kept.id);
      await db.session(async (s) => {
        await s.query.selectFrom('notes').selectAll().execute();
        await s.query.updateTable('notes').set({ body: 'f' }).where('body', '=', 'b').execute();
        await s.delete(notes, kept.id);
      });
      expect(ofNotes().map(({ operation, returned, changed }) => [operation, returned, changed])).toEqual([
        ['INSERT', 1, 1],
        ['INSERT', 0, 2],
        ['SELECT', 1, 0],
        ['SELECT', 5, 0],
        ['UPDATE', 0, 1],
        ['DELETE', 0, 1],
      ]);
      for (const { milliseconds, error } of ofNotes()) {
        expect(milliseconds).toBeGreaterThanOrEqual(0);
        expect(error).toBeUndefined();
      }
      expect(JSON.stringify(seen)).not.toContain(secret);
    });

    test('gets one event for a stream, with the rows that were read', async () => {
      await db.read(async (s) => {
        for await (const row of s.query.selectFrom('notes').select('id').stream(1)) expect(row).toBeDefined();
      });
      expect(ofNotes()).toMatchObject([{ operation: 'SELECT', returned: 2, error: undefined }]);
    });

    test('gets the code of the error of a statement that failed', async () => {
      const again = db.session((s) => s.insert(notes, { body: 'c' }));
      await expect(again).rejects.toMatchObject({ code: 'unique-violation' });
      expect(ofNotes()).toMatchObject([{ operation: 'INSERT', returned: 0, error: 'unique-violation' }]);
    });

    test('gets what the owner runs', async () => {
      await db.engine.asOwner((owner) => owner.run('SELECT body FROM notes'));
      expect(ofNotes()).toMatchObject([{ operation: 'SELECT', returned: 2 }]);
    });

    test('may throw: that is a warning, because the statement has run', async () => {
      const before = observe;
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
      observe = () => {
        throw new Error('the observer failed');
      };
      try {
        const { body } = await db.session((s) => s.insert(notes, { body: 'observed' }));
        expect(body).toBe('observed');
        expect((await warned).message).toBe('the observer failed');
      } finally {
        observe = before;
      }
    });
  });

  describe('OpenTelemetry', () => {
    const named = (name: string): ReadableSpan => {
      const found = exporter.getFinishedSpans().filter((span) => span.name === name);
      expect(found).toHaveLength(1);
      return found[0] as ReadableSpan;
    };

    test('has a span for each session and for each of its statements', async () => {
      await db.session((s) => s.insert(notes, { body: secret }));
      await db.read((s) => s.query.selectFrom('notes').selectAll().execute());
      const [session, insert] = [named('ashlar.session'), named('INSERT notes')];
      expect(insert.kind).toBe(SpanKind.CLIENT);
      expect(insert.parentSpanContext?.spanId).toBe(session.spanContext().spanId);
      expect(insert.attributes).toMatchObject({
        'db.system.name': sqlOf(engine) === 'sqlite' ? 'sqlite' : 'postgresql',
        'db.operation.name': 'INSERT',
        'db.collection.name': 'notes',
        'db.response.returned_rows': 1,
        'db.query.text': expect.stringMatching(/^insert into "notes"/),
      });
      expect(insert.attributes['server.address']).toBe(engine.name === 'postgres' ? '127.0.0.1' : undefined);
      expect(named('SELECT notes').parentSpanContext?.spanId).toBe(named('ashlar.read').spanContext().spanId);
      const all = exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, attributes }));
      expect(JSON.stringify(all)).not.toContain(secret);
    });

    test('marks a statement that failed, and its session, with the code of the error', async () => {
      const again = db.session((s) => s.insert(notes, { body: 'c' }));
      await expect(again).rejects.toMatchObject({ code: 'unique-violation' });
      for (const span of [named('INSERT notes'), named('ashlar.session')]) {
        expect(span.attributes['error.type']).toBe('unique-violation');
        expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
        expect(span.events).toEqual([]);
      }
    });
  });
});

test('without an SDK, nothing is traced', async () => {
  expect(await findTracing()).toBeUndefined();
});
