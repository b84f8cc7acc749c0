// A long trial of generated steps between random models. Usage: node scripts/try-pairs.mjs [1000] [SEED]
import { spawnSync } from 'node:child_process';

const [runs = '1000', seed] = process.argv.slice(2);
const { status } = spawnSync('npx', ['vitest', 'run', 'packages/ashlar/test/migrations/pairs.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, ASHLAR_PAIRS: runs, ...(seed === undefined ? {} : { ASHLAR_SEED: seed }) },
});
process.exitCode = status ?? 1;
