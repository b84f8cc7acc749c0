// puts a copy over what is in a schema until it is killed: argv is the module of the copies, the URL, the file, and after
// which statement of the exchange it kills itself
import { createReadStream } from 'node:fs';

const [, , copies, url, file, last] = process.argv;
const { postgresCopies } = await import(copies);
process.stdout.write('ready\n');
const copy = { format: 'pg-custom', bytes: createReadStream(file) };
let statements;
const onStatement = (sql) => {
  if (statements !== undefined && ++statements === Number(last)) process.kill(process.pid, 'SIGKILL');
  // what was restored aside is in the place by then, under a passing name
  if (!/^DROP DATABASE .*FORCE/.test(sql)) return;
  statements = 0;
  process.stdout.write('swapping\n');
};
await postgresCopies.put({ url, onStatement }, copy, { check: async () => {}, replace: true });
process.stdout.write('done\n');
