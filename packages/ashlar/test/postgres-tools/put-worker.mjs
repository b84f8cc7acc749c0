// restores a copy over a schema until it is killed. Arguments: the module of the copies, the URL, the file, and the number of
// the statement of the swap after which it kills itself
import { createReadStream } from 'node:fs';

const [, , copies, url, file, last] = process.argv;
const { postgresCopies } = await import(copies);
process.stdout.write('ready\n');
const copy = { format: 'pg-custom', bytes: createReadStream(file) };
let statements;
const onStatement = ({ sql }) => {
  if (statements !== undefined && ++statements === Number(last)) process.kill(process.pid, 'SIGKILL');
  // the copy is in the target by then, under a temporary name
  if (!/^DROP DATABASE .*FORCE/.test(sql)) return;
  statements = 0;
  process.stdout.write('swapping\n');
};
await postgresCopies.put({ url, onStatement }, copy, { check: async () => {}, replace: true });
process.stdout.write('done\n');
