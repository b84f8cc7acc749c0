// puts a copy over what is in a schema until it is killed: argv is the module of the copies, the URL, the file
import { createReadStream } from 'node:fs';

const [, , copies, url, file] = process.argv;
const { postgresCopies } = await import(copies);
process.stdout.write('ready\n');
const copy = { format: 'pg-custom', bytes: createReadStream(file) };
await postgresCopies.put({ url }, copy, { check: async () => {}, replace: true });
