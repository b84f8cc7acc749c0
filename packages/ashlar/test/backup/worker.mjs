// A child process that makes, restores and prunes backups in turn until it is killed, and prints each step. Argument: its
// options as JSON.

import { createBackup, listBackups, pruneBackups, restoreBackup } from '../../dist/backup/index.js';
import * as guarantees from '../../dist/guarantees/index.js';
import * as ashlar from '../../dist/index.js';
import { makeShop, order } from './shop.mjs';

const { url, key, migrations, folder, backupKey, to, work } = JSON.parse(process.argv[2]);
const shop = makeShop(ashlar, guarantees, new URL(migrations));
const keys = { key: backupKey };
const print = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const keep = { last: 3, daily: 0, weekly: 0, monthly: 0 };

const works = {
  create: async (db) => {
    await order(db, ['another order']);
    const { name } = await createBackup(db.engine, [shop], { folder, keys });
    print('made', name);
  },
  restore: async () => {
    const newest = (await listBackups(folder)).at(-1);
    await restoreBackup(newest.name, [shop], { folder, keys, to: { url: to, key }, replace: true });
    print('restored', newest.name);
  },
  prune: async () => {
    await pruneBackups({ folder, keep });
    print('pruned');
  },
};

const db = await ashlar.connect(shop, { url, key });
print('ready');
for (;;) for (const name of work) await works[name](db);
