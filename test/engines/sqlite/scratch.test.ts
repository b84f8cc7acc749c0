import { test, expect } from 'vitest';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { z } from 'zod';
import { table, id, autoincrement, timestamps, timestamp, json, bytes, inet, unique, index, references, check } from '/work/main/src/table/index.js';
import { openSqlite } from '/work/main/src/engines/sqlite/engine.js';
const parents = table('parents', { id: id(), n: autoincrement === undefined ? z.string() : z.string() });
const t = table('everything', {
  id: autoincrement(), parent_id: z.uuid().nullable(), code: z.string().min(2).max(50).startsWith('A').default('Ab'), status: z.enum(['a','b\'s']), n: z.int().min(0).max(10).multipleOf(2), r: z.number(), flag: z.boolean().default(true),
  on: z.iso.date().nullable(), at6: z.iso.datetime({precision: 6}).nullable(), addr: inet().nullable(), data: z.record(z.string(), z.json()), raw: bytes().nullable(), ...timestamps(),
}, (c) => [unique(c.code), index(c.status, c.n, {where: 'flag = 1'}), references(c.parent_id, parents.columns.id, {onDelete:'set null'}), check('everything_sane_check', 'n < 100')]);
test.each([[false],[true]])('x %s', async (enc) => {
  const d = mkdtempSync('/tmp/ash-');
  const e = await openSqlite({ url: 'x', key: 'pass' }, enc, d+'/a.db');
  console.log(e.label, (statSync(d+'/a.db').mode & 0o777).toString(8));
  e.register([parents, t]);
  await e.asOwner(async (o) => { await o.atomically(async () => { for (const x of [parents, t]) for (const s of e.dialect.createTable(x)) { console.log(s); await o.run(s); } }) });
  const tx = await e.begin({mode:'write', actor:null, scope:null});
  console.log(tx.execute(`insert into everything (status,n,r,data,raw,at6,"on") values ('a', 4, 1.5, ?, ?, ?, '2024-02-29') returning *`, [{a:[1]}, new Uint8Array([1,2]), '2024-01-01T00:00:00.123456Z']));
  expect(() => tx.execute(`insert into everything (status,n,r,data,raw,at6,"on") values ('a', 3, 1.5, ?, ?, ?, '2024-02-29') returning *`, [{a:[1]}, new Uint8Array([1,2]), '2024-01-01T00:00:00.123456Z'])).toThrow();
  tx.commit();
  console.log(await e.read('select flag, data from everything', []));
  await e.close();
  rmSync(d, {recursive:true});
});
