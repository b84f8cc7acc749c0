// Makes every file operation of Ashlar's commands fail once, with EIO and with ENOSPC, and kills the command before it: npm run faults.
// After each, nothing may be lost, no raw stack trace may appear, and the same command must complete without faults. Needs gcc, Linux
// and the built packages.
//
//   node scripts/faults/main.mjs [--only TEXT]… [--without TEXT]… [--every N] [--slow N] [--kills N] [--sticky] [--none] [--images N] [--workers N]
//
// --only TEXT  only operations whose names contain the text; --without TEXT: only those whose names do not
// --every N    tries each Nth point (default 1)
// --slow N     of operations on PGlite, which take seconds, tries N points of each kind with each error (default 40)
// --kills N    kills each operation before N of its points (default 60)
// --sticky     all operations of the kind fail from the point on, as on a full disk
// --none       tries only images of power failures
// --images N   power-loss images to try afterwards (default 10,000; 0: none)
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    without: { type: 'string', multiple: true, default: [] },
    every: { type: 'string', default: '1' },
    slow: { type: 'string', default: '40' },
    kills: { type: 'string', default: '60' },
    sticky: { type: 'boolean', default: false },
    images: { type: 'string', default: '10000' },
    none: { type: 'boolean', default: false },
    workers: { type: 'string', default: '1' },
  },
});
const kinds = { write: 1, fsync: 2, rename: 4, link: 8, unlink: 16, create: 32, truncate: 64, mkdir: 128 };
const everyKind = 255;
const killed = 9999;
const folderSync = 256;
const { EINVAL, EIO, ENOSPC, ENOSYS, ENOTSUP, EPERM } = constants.errno;
const errors = { EIO, ENOSPC };

const base = mkdtempSync(join(tmpdir(), 'ashlar-faults-'));
const library = join(base, 'shim.so');

const build = () => {
  const made = spawnSync(
    'gcc',
    ['-O1', '-shared', '-fPIC', '-o', library, join(here, 'shim.c'), '-ldl', '-lpthread'],
    {
      encoding: 'utf8',
    },
  );
  if (made.status !== 0) throw new Error(`gcc cannot build the library: ${made.stderr ?? made.error}`);
};

/** A worker process, which is started again when it ends. */
class Worker {
  #child;

  #waiting;
  #control = join(base, `control-${Math.random().toString(36).slice(2)}`);

  async #start() {
    writeFileSync(this.#control, Buffer.alloc(64));
    this.#child = spawn(process.execPath, [join(here, 'worker.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        LD_PRELOAD: library,
        FAULTS_CONTROL: this.#control,
        FAULTS_ROOT: join(base, 'trials'),
        FAULTS_BASE: base,
      },
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#waiting?.(line);
      this.#waiting = undefined;
    });
    this.#child.on('close', () => {
      this.#child = undefined;
      this.#waiting?.(undefined);
      this.#waiting = undefined;
    });
    await this.#line();
  }

  #line() {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** @returns what the trial found; `undefined` if the process ended or hung */
  async try(trial) {
    if (!this.#child) await this.#start();
    const answer = this.#line();
    this.#child.stdin.write(`${JSON.stringify(trial)}\n`);
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), 120_000);
    const line = await answer;
    clearTimeout(timer);
    return line === undefined ? undefined : JSON.parse(line);
  }

  end() {
    this.#child?.stdin.end();
  }
}

let number = 0;
let problems = 0;

const report = (name, point, found) => {
  problems++;
  console.log(`PROBLEM ${name}, ${point}:\n  ${found.replaceAll('\n', '\n  ')}`);
};

/** File systems that lack something: there a work does not fail at all. */
const lacking = [
  ['hard links (EPERM)', kinds.link, EPERM],
  ['hard links (ENOTSUP)', kinds.link, ENOTSUP],
  ['hard links (ENOSYS)', kinds.link, ENOSYS],
  ['the sync of folders (EINVAL)', folderSync, EINVAL],
];

const tryFileSystems = async (worker, name) => {
  for (const [what, bit, error] of lacking) {
    const found = await worker.try({ name, number: ++number, at: 1, error, kinds: bit, sticky: true });
    if (found?.code !== 0) report(name, `without ${what}`, `ended with ${found?.code}`);
    for (const problem of found?.problems ?? []) report(name, `without ${what}`, problem);
  }
};

/** The points to try of so many: all, each Nth, or N that are spread over them. */
const pointsOf = (count, isSlow) => {
  const most = isSlow ? Number(values.slow) : Math.ceil(count / Number(values.every));
  return spread(count, most);
};

const spread = (count, most) => {
  if (most >= count) return Array.from({ length: count }, (_, at) => at + 1);
  return Array.from({ length: most }, (_, at) => 1 + Math.floor(((at + Math.random()) * count) / most));
};

const tryKills = async (worker, name) => {
  const whole = await worker.try({ name, number: ++number, at: 0, error: 0, kinds: everyKind });
  if (!whole || whole.problems.length > 0) {
    report(name, 'no kill', whole?.problems.join('\n') ?? 'the process ended');
    return 0;
  }
  const points = spread(whole.count, Number(values.kills));
  for (const at of points) {
    const trial = { name, number: ++number, at, error: killed, kinds: everyKind };
    const point = `killed before operation ${at} of ${whole.count}`;
    if (await worker.try(trial)) report(name, point, 'the process was not killed');
    const found = await worker.try({ ...trial, isKilled: true });
    if (!found) report(name, point, 'afterwards: the process ended, or did not end within two minutes');
    else for (const problem of found.problems) report(name, point, problem);
  }
  return `${points.length} kills before ${whole.count} operations`;
};

const tryScenario = async (worker, name, { isSlow }) => {
  const began = performance.now();
  const figures = {};
  let tried = 0;
  for (const [kind, bit] of Object.entries(kinds)) {
    const whole = await worker.try({ name, number: ++number, at: 0, error: EIO, kinds: bit });
    if (!whole || whole.problems.length > 0) {
      report(name, 'no fault', whole?.problems.join('\n') ?? 'the process ended');
      return;
    }
    figures[kind] = whole.count;
    for (const [code, error] of Object.entries(errors))
      for (const at of pointsOf(whole.count, isSlow)) {
        tried++;
        const found = await worker.try({
          name,
          number: ++number,
          at,
          error,
          kinds: bit,
          sticky: values.sticky,
        });
        const point = `${code} at ${kind} ${at} of ${whole.count}`;
        if (!found) report(name, point, 'the process ended, or did not end within two minutes');
        else for (const problem of found.problems) report(name, point, problem);
      }
  }
  await tryFileSystems(worker, name);
  const kills = Number(values.kills) > 0 ? await tryKills(worker, name) : 'no kills';
  const points = Object.entries(figures).map(([kind, count]) => `${count} ${kind}`);
  const seconds = Math.round((performance.now() - began) / 1_000);
  console.log(
    `${name}: ${tried} trials of the points ${points.join(', ')}; ${kills}; ${lacking.length} file systems; ${seconds} s`,
  );
};

try {
  build();
  mkdirSync(join(base, 'trials'));
  // the fixtures are made in another process: this one loads no driver
  const made = spawnSync(process.execPath, [join(here, 'fixtures.mjs')], {
    stdio: 'inherit',
    env: { ...process.env, FAULTS_BASE: base },
  });
  if (made.status !== 0) throw new Error('the fixtures could not be made');
  const { scenarios } = await import('./scenarios.mjs');
  const names = Object.entries(scenarios).filter(
    ([name]) =>
      (values.only.length === 0 || values.only.some((text) => name.includes(text))) &&
      !values.without.some((text) => name.includes(text)),
  );
  const queue = values.none ? [] : [...names];
  await Promise.all(
    Array.from({ length: Number(values.workers) }, async () => {
      const worker = new Worker();
      for (let next = queue.shift(); next; next = queue.shift()) await tryScenario(worker, ...next);
      worker.end();
    }),
  );
  if (Number(values.images) > 0) {
    const { tryImages } = await import('./power.mjs');
    problems += await tryImages(base, library, { count: Number(values.images), only: values.only });
  }
  console.log(problems === 0 ? 'nothing was lost' : `${problems} problems`);
  process.exitCode = problems === 0 ? 0 : 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
