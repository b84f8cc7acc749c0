// restores copies over a folder in a loop until it is killed. Arguments: the module of the copies, the URL, the files
import { createReadStream } from 'node:fs';

const [, , copies, url, ...files] = process.argv;
const { pgliteCopies } = await import(copies);
process.stdout.write('ready\n');
for (let turn = 0; ; turn++) {
  const bytes = createReadStream(files[turn % files.length]);
  await pgliteCopies.put({ url }, { format: 'pglite-tar', bytes }, { check: async () => {}, replace: true });
}
