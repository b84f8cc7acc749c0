import { id, references, table } from 'ashlar';
import { appendOnly } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { runWalk, type Walk, writeWalk } from './walk.js';

const { engines } = oneOfEach(import.meta.url);

const jobs = table('jobs', { id: id(), name: z.string().max(40) });
const log = table('job_log', { id: id(), job_id: z.uuid(), text: z.string() }, (c) => [
  references(c.job_id, jobs.columns.id, { onDelete: 'cascade' }),
  appendOnly({ cascade: [c.job_id] }),
]);

const tree = table('tree', { id: id(), above: z.uuid().nullable() }, (c) => [
  references(c.above, c.id, { onDelete: 'cascade' }),
  appendOnly({ cascade: [c.above] }),
]);

// on SQLite an append-only table puts a trigger on the table to which it refers
describe('a table whose guarantee makes a trigger on another table', () => {
  let together: Walk;
  let later: Walk;
  let itself: Walk;
  beforeAll(async () => {
    together = await writeWalk({ jobs, log }, { jobs }, { jobs, log });
    later = await writeWalk({ jobs }, { jobs, log });
    itself = await writeWalk({ tree }, {}, { tree });
  });
  afterAll(() => Promise.all([together, later, itself].map((walk) => walk.remove())));

  test.each(engines)('is created with that table, dropped and created again on $name', async (engine) => {
    await runWalk(engine, together);
  });

  test.each(engines)('is created after that table on $name', async (engine) => {
    await runWalk(engine, later);
  });

  test.each(engines)('is created with the table if it refers to itself on $name', async (engine) => {
    await runWalk(engine, itself);
  });
});
