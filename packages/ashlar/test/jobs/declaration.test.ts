import { json, type Row, timestamp } from 'ashlar';
import { defineJobs, type ExecutorOf } from 'ashlar/jobs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { emails, type Smtp } from './emails.js';

describe('defineJobs', () => {
  test('names its tables after the kind of job', () => {
    const { jobs, rows, chunks, log } = emails.tables;
    expect([jobs, rows, chunks, log].map(({ name }) => name)).toEqual([
      'email_jobs',
      'email_job_rows',
      'email_job_chunks',
      'email_job_log',
    ]);
    expect(defineJobs('job', { data: z.string(), log: 'events' }).tables.log.name).toBe('events');
  });

  test('types rows, results, sums and executors without a cast', () => {
    type Rows = Row<typeof emails.tables.rows>;
    type Data = { to: string; subject: string };
    expectTypeOf<Rows['bytes']>().toEqualTypeOf<number | null>();
    expectTypeOf<Extract<Rows['row_data'], Data>>().toEqualTypeOf<Data>();
    expectTypeOf<Row<typeof emails.tables.jobs>['total_bytes']>().toEqualTypeOf<number | null>();
    expectTypeOf<Parameters<Smtp['run']>[0]['row_data']>().toEqualTypeOf<Data>();
    expectTypeOf<Awaited<ReturnType<Smtp['run']>>>().toEqualTypeOf<{
      message_id: string;
      bytes: number;
      greylisted?: boolean | null | undefined;
    }>();
  });

  test('needs neither a result nor a sum', () => {
    const pings = defineJobs('ping', { data: z.object({ host: z.string() }) });
    const executor: ExecutorOf<typeof pings> = { name: 'ping', idempotent: true, run: async () => ({}) };
    expect(pings.commands({ executor: () => executor })).toMatchObject({ sums: [], import: undefined });
    expectTypeOf<Row<typeof pings.tables.jobs>>().not.toHaveProperty('total_bytes');
  });

  test('lets the system arrange the columns of its jobs, and asks for them when a job is made', () => {
    const mailings = defineJobs('mailing', {
      data: z.object({ to: z.email() }),
      columns: ({ id, name, ...rest }) => ({ id, name, campaign: z.string(), ...rest }),
    });
    expect(Object.keys(mailings.tables.jobs.columns).slice(0, 4)).toEqual([
      'id',
      'name',
      'campaign',
      'description',
    ]);
    type Input = Parameters<typeof mailings.import>[2];
    expectTypeOf<Input['campaign']>().toEqualTypeOf<string>();
    expectTypeOf<Input>().not.toHaveProperty('status');
  });

  const data = z.string();
  test.each([
    ['a result of JSON', () => defineJobs('job', { data, result: { answer: json(z.string()) } })],
    ['a result of time', () => defineJobs('job', { data, result: { sent_at: timestamp() } })],
    ['a result with a default', () => defineJobs('job', { data, result: { bytes: z.int().default(0) } })],
    [
      'a sum of fractions',
      () => defineJobs('job', { data, result: { kg: z.number().min(0) }, sums: { kg: {} } }),
    ],
    ['a result with the name of a column', () => defineJobs('job', { data, result: { attempts: z.int() } })],
    [
      'a sum with the name of a count',
      () => defineJobs('job', { data, result: { rows: z.int().min(0) }, sums: { rows: {} } }),
    ],
    ['a sum below zero', () => defineJobs('job', { data, result: { cents: z.int() }, sums: { cents: {} } })],
  ])('refuses %s', (_, declare) => {
    expect(declare).toThrow(expect.objectContaining({ code: 'table-invalid' }));
  });
});
