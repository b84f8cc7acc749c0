// Faults of a PostgreSQL server: npm run faults:server. Writers write all the time; after each fault every acknowledged order is
// there once, none that failed is, every other one was said to be unknown, and the same connection goes on. Needs the built packages.
//
//   node scripts/faults/server.mjs [--only TEXT]… [--rounds N]
//
// --only TEXT   only trials whose names contain the text
// --rounds N    how often the server is killed or restarted in each way (default 10)
// PG_BIN        the programs of the server (default: those of the npm package)
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemsIn } from './project.mjs';
import { trials } from './server-trials.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '10' },
  },
});

const base = mkdtempSync(join(tmpdir(), 'ashlar-server-faults-'));
// the server may run as another user
chmodSync(base, 0o755);
let problems = 0;
let stray;
process.on('uncaughtException', (error) => {
  stray ??= error;
});
process.on('unhandledRejection', (error) => {
  stray ??= error;
});

try {
  const { first, configs } = await systemsIn(base);
  let number = 0;
  for (const [name, trial] of Object.entries(trials)) {
    if (values.only.length > 0 && !values.only.some((text) => name.includes(text))) continue;
    const began = performance.now();
    stray = undefined;
    let told;
    try {
      told = await trial({
        base: join(base, String(++number)),
        configs,
        system: first,
        rounds: Number(values.rounds),
      });
      if (stray) throw stray;
    } catch (error) {
      problems++;
      told = `PROBLEM ${error.stack ?? error}`;
    }
    console.log(`${name}: ${told}; ${Math.round((performance.now() - began) / 1_000)} s`);
  }
  console.log(problems === 0 ? 'nothing was lost' : `${problems} problems`);
  process.exitCode = problems === 0 ? 0 : 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
