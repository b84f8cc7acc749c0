// A process that runs one job until it ends or is killed. It uses the built package, as a user does.
import { setTimeout as sleep } from 'node:timers/promises';
import { shipments, shipping, simulatedExecutor } from '@ashlar/shipping';
import { connect } from 'ashlar';

const [url, jobId] = process.argv.slice(2);
const db = await connect(shipping, { url });
const simulated = simulatedExecutor();
const executor = {
  ...simulated,
  // each call is reported before it has its effect, so that the test knows all of them
  run: async (row, attempt) => {
    process.stdout.write(`${row.row_number} ${attempt.idempotencyKey}\n`);
    await sleep(Math.random() * 4);
    return simulated.run(row, attempt);
  },
};
await shipments.run(db, jobId, executor, { concurrency: 8, flushEvery: 40, leaseSeconds: 3_600 });
await db.close();
