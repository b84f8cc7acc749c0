// replaces the files in a folder in a loop until it is killed. Arguments: the module, the folder
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
  // a file that only this generation has must be gone after the next
  await writeFile(join(incoming, `only${turn % 2}`), generation);
  await replaceByIncoming(directory);
}
