// A child process that writes without pause, with a long read after every hundred writes. When its input ends, it prints how
// long the longest write took, in milliseconds. Arguments: the URL, its key, the folder of migrations.

import * as guarantees from '../../dist/guarantees/index.js';

import * as ashlar from '../../dist/index.js';
import { makeShop, order } from './shop.mjs';

const [url, key, migrations, pause = '0'] = process.argv.slice(2);
const db = await ashlar.connect(makeShop(ashlar, guarantees, new URL(migrations)), {
  url,
  key: key || undefined,
  lockTimeout: 20_000,
});
let stopped = false;
process.stdin
  .on('end', () => {
    stopped = true;
  })
  .resume();
let [writes, longest] = [0, 0];
process.stdout.write('ready\n');
while (!stopped) {
  const start = performance.now();
  await order(db, [`order ${writes} `.repeat(1 + (writes % 40))]);
  longest = Math.max(longest, performance.now() - start);
  writes++;
  await new Promise((resolve) => setTimeout(resolve, Number(pause)));
}
await db.close();
process.stdout.write(`${JSON.stringify({ writes, longest })}\n`);
