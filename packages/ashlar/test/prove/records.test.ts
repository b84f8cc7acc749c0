import {
  autoincrement,
  createdAt,
  Database,
  id,
  primaryKey,
  type System,
  system,
  type Table,
  table,
} from 'ashlar';
import { openEngine } from 'ashlar/extend';
import {
  appendOnly,
  audited,
  auditTrail,
  ledgered,
  legalHolds,
  partitioned,
  retained,
} from 'ashlar/guarantees';
import { maintain, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { inCreationOrder } from '../../src/migrations/shadow.js';
import { makeFolder } from '../migrations/folder.js';

const trail = auditTrail('trail', () => [ledgered()]);
const holds = legalHolds('holds');
const law = { for: { years: 5 }, reason: 'law', hold: holds };
const notes = table('notes', { id: id(), body: z.string(), pin: z.string().nullable() }, (c) => [
  audited({ into: trail, except: c.pin }),
]);
const counted = table('counted', { id: autoincrement(), body: z.string() }, () => [audited({ into: trail })]);
const monthly = table('monthly', { id: id(), at: createdAt(), body: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  audited({ into: trail }),
  retained(c.at, law),
]);
const letters = table('letters', { id: id(), at: createdAt(), body: z.string() }, (c) => [
  appendOnly(),
  ledgered(),
  audited({ into: trail }),
  retained(c.at, law),
]);
const tables = { trail, holds, notes, counted, monthly, letters };

it.each(engines)('prove attacks audited and retained tables on $name', async (engine) => {
  const folder = await makeFolder();
  const place = await engine.place();
  const opened = await openEngine({ url: place.url, key: place.key });
  try {
    const own = system('own', { tables, migrations: folder.url }) as unknown as System;
    const statements = inCreationOrder(Object.values(tables) as unknown as Table[]).flatMap((each) =>
      opened.dialect.createTable(each),
    );
    await folder.step('0001_initial', `${statements.join(';\n\n')};`);
    await up(opened, own);
    await maintain(opened, Object.values(own.tables), new Date());
    const db = new Database(opened, own, { maintain: false });
    for (const of of [notes, counted, monthly, letters])
      await db.session({ actor: 'user:1' }, (s) => s.insert(of as never, { body: 'x' } as never));
    await opened.seal();
    const report = await prove(opened, own);
    expect(failuresOf(report)).toEqual([]);
    const counts = Object.fromEntries(
      report.tables.map((each) => [`${each.table} ${each.guarantee}`, each.attacks.length]),
    );
    for (const name of [
      'trail trail',
      'notes audited',
      'letters audited',
      'monthly retained',
      'letters retained',
    ])
      expect(counts[name], name).toBeGreaterThan(2);
    const found = report.tables.flatMap(({ attacks }) =>
      attacks.filter(({ verdict }) => verdict === 'detected'),
    );
    expect(found.length).toBeGreaterThan(10);
  } finally {
    await opened.close();
    await place.remove();
    await folder.remove();
  }
});
