// replaces what is in a folder, again and again, until it is killed: argv is the module that does it, and the folder
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [, , module, directory] = process.argv;
const { prepareIncoming, replaceByIncoming, finishReplacing } = await import(module);
await finishReplacing(directory);
process.stdout.write('ready\n');
for (let turn = 0; ; turn++) {
  const incoming = await prepareIncoming(directory);
  const generation = `${process.pid} ${turn}`;
  await mkdir(join(incoming, 'base'));
  await writeFile(join(incoming, 'base', 'rows'), generation);
  for (let n = 0; n < 25; n++) await writeFile(join(incoming, `file${n}`), generation);
  // what one generation has and the next has not must be gone
  await writeFile(join(incoming, `only${turn % 2}`), generation);
  await replaceByIncoming(directory);
}
