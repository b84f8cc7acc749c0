// Moves wills, and kills its own process after the given number of commits.

import { wills } from '@ashlar/wills';
import { openEngine } from 'ashlar/extend';
import { move } from 'ashlar/move';

const [from, to, commits] = process.argv.slice(2);
const source = await openEngine({ url: from, create: false });
const target = await openEngine({ url: to });
let left = Number(commits);
const { resumed, complete } = await move(source, target, [wills], {
  transactionRows: 200,
  prove: false,
  onProgress: () => {
    if (left-- === 0) process.kill(process.pid, 'SIGKILL');
  },
});
await source.close();
await target.close();
process.stdout.write(JSON.stringify({ resumed, complete }));
