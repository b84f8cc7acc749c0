import { connect, id, system, table } from 'ashlar';
import { appendOnly } from 'ashlar/guarantees';
import { newStep, status, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';

const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly()]);

let folder: Folder;
const office = () => system('office', { tables: { notes }, migrations: folder.url });
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(office(), folder.url, 'initial');
});
afterAll(() => folder.remove());

describe.each(engines)('status() on $name', (engine) => {
  test('names the missing step before up(), and no problem after it', async () => {
    const place = await engine.place();
    const db = await connect(office(), { url: place.url, key: place.key });
    const report = () => status(db.engine, office(), { backups: `${folder.url.pathname}backups` });
    expect(await report()).toMatchObject({
      system: 'office',
      ok: false,
      migrations: { head: null, pending: ['0001_initial'] },
      problems: expect.arrayContaining(['the step 0001_initial is not applied']),
      tables: [{ name: 'notes', state: 'missing', rows: null }],
    });
    await up(db.engine, office());
    await db.session((s) => s.insert(notes, { body: 'x' }));
    expect(await report()).toMatchObject({
      ok: true,
      problems: [],
      drift: [],
      migrations: { head: '0001_initial', applied: 1, pending: [] },
      tables: [{ name: 'notes', rows: 1, guarantees: [{ name: 'append-only' }] }],
      backups: { count: 0, last: null },
    });
    await db.close();
    await place.remove();
  });
});
