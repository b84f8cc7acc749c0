// The program of `clocks.mjs`: a service with one connection that stays open while clocks jump.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { openEngine } from '../../packages/ashlar/dist/extend/index.js';
import {
  appendOnly,
  audited,
  auditTrail,
  ledgered,
  partitioned,
  retained,
  scoped,
} from '../../packages/ashlar/dist/guarantees/index.js';
import {
  AshlarError,
  connect,
  createdAt,
  id,
  primaryKey,
  system,
  table,
} from '../../packages/ashlar/dist/index.js';
import {
  checkpointLedger,
  newLedgerKey,
  openLedger,
  verifyLedger,
} from '../../packages/ashlar/dist/ledger/database/index.js';
import { maintain, purge, up } from '../../packages/ashlar/dist/migrations/index.js';
import { failuresOf, prove } from '../../packages/ashlar/dist/prove/index.js';
import { writeStep } from './steps.mjs';

const { url, key, folder } = JSON.parse(process.argv[2]);
const scopeKey = url.startsWith('postgres') ? 'c3'.repeat(32) : undefined;

const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
const letters = table('letters', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  appendOnly(),
  ledgered(),
]);
const events = table('events', { id: id(), at: createdAt(), client: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month', ahead: 3 }),
  scoped(c.client),
  audited({ into: trail }),
]);
const logins = table('logins', { id: id(), at: createdAt() }, (c) => [
  retained(c.at, { for: { years: 5 }, reason: 'law' }),
]);
const tables = { trail, letters, events, logins };

const migrations = join(folder, 'migrations');
await writeStep(migrations, '0001_initial', Object.values(tables));
const clocks = system('clocks', { tables, migrations: pathToFileURL(`${migrations}/`) });
const owner = await openEngine({ url, key, scopeKey });
await up(owner, clocks);
// PGlite has one connection
const isOne = url.startsWith('pglite');
if (isOne) await owner.close();
const db = await connect(clocks, { url, key, scopeKey, migrations: 'ignore' });
const engine = isOne ? db.engine : owner;
const { key: ledgerKey } = newLedgerKey('example.com/clocks');
const ledger = () =>
  openLedger(engine, clocks, letters, { checkpoints: join(folder, 'checkpoints'), key: ledgerKey });

const works = {
  write: async (count) => {
    const ids = [];
    for (let n = 0; n < count; n++)
      await db.session({ actor: 'user:1', scope: 'one' }, async (s) => {
        ids.push((await s.insert(letters, { client: 'one', body: `${n}` })).id);
        await s.insert(events, { client: 'one' });
        await s.insert(logins, {});
      });
    await engine.seal();
    return ids;
  },
  verify: async () => {
    const { problems } = await verifyLedger(ledger(), { full: true });
    return problems[0]?.what ?? '';
  },
  checkpoint: async (clockWasAhead = false) => {
    try {
      await checkpointLedger(ledger(), undefined, { clockWasAhead });
      return 'signed';
    } catch (error) {
      if (error instanceof AshlarError && ['clocks-differ', 'ledger-tampered'].includes(error.code))
        return error.code;
      throw error;
    }
  },
  purge: async () => (await purge(engine, clocks)).purged.reduce((sum, { rows }) => sum + rows, 0),
  maintain: async () => {
    await maintain(engine, Object.values(tables), new Date());
    if (url.startsWith('sql')) return 0;
    const [row] = await engine.asOwner(({ run }) => run('SELECT count(*)::int AS n FROM events_default'));
    return Number(row.n);
  },
  count: async () => {
    const [row] = await engine.asOwner(({ run }) => run('SELECT count(*) AS n FROM letters'));
    return Number(row.n);
  },
  prove: async () => {
    const report = await prove(db.engine, clocks, { owner: engine });
    for (const failure of failuresOf(report)) console.log(`  ${JSON.stringify(failure).slice(0, 300)}`);
    return failuresOf(report).length;
  },
};

process.on('message', async ({ what, args }) => {
  try {
    process.send({ value: await works[what](...args) });
  } catch (error) {
    process.send({ error: `${what}: ${error.stack}` });
  }
});
process.on('disconnect', async () => {
  await db.close();
  if (!isOne) await owner.close();
  process.exit();
});
process.send({ value: 'ready' });
