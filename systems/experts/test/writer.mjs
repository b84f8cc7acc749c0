// A process that logs exchanges at DATABASE_URL as a server would: writer.mjs NAME COUNT [wait]. With `wait` it starts on
// the first input. It imports the built package.
import { once } from 'node:events';
import { logExchange, openExperts } from '@ashlar/experts';

const [name, count, wait] = process.argv.slice(2);
const db = await openExperts();
process.stdout.write('ready\n');
if (wait) await once(process.stdin, 'data');
for (let i = 0; i < Number(count); i++) {
  const email = `${name}-${i % 5}@example.org`;
  const query = `question ${i} of ${name}`;
  await db.session((s) => logExchange(s, { email, query, response_type: 'match' }));
}
await db.close();
