// Clocks that jump by years while programs run: npm run faults:clocks. A program writes, verifies, signs and purges on each engine
// while its clock, that of its server, or both jump ten years ahead and back. docs/clocks.md says what must hold. Needs Debian's
// `faketime` and the built packages.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from './cluster.mjs';
import { assert } from './project.mjs';

const library = (
  spawnSync('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketimeMT.so.1'], { encoding: 'utf8' }).stdout ?? ''
)
  .trim()
  .split('\n')[0];
if (!library || !existsSync(library)) throw new Error('faketime is not installed: apt-get install faketime');

const base = mkdtempSync(join(tmpdir(), 'ashlar-clocks-'));
chmodSync(base, 0o755);

/** A clock that can be set while programs run. */
class Clock {
  constructor(name) {
    this.file = join(base, `clock-${name}`);
    this.set('+0');
  }
  set(offset) {
    writeFileSync(this.file, offset, { mode: 0o644 });
  }
  get env() {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
}

/** A program under a clock. */
class Program {
  static async start(clock, options) {
    const program = new Program();
    program.child = fork(
      fileURLToPath(new URL('clock-worker.mjs', import.meta.url)),
      [JSON.stringify(options)],
      {
        env: { ...process.env, ...clock.env },
      },
    );
    program.child.setMaxListeners(0);
    await program.answer();
    return program;
  }
  async answer() {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 120_000);
    const [message] = await Promise.race([
      once(this.child, 'message'),
      once(this.child, 'exit').then(() => [{ error: 'the program ended, or hung' }]),
    ]);
    clearTimeout(timer);
    if (message.error) throw new Error(message.error);
    return message.value;
  }
  do(what, ...args) {
    this.child.send({ what, args });
    return this.answer();
  }
  async end() {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

/** An entry that is older than a checkpoint which lacks it. */
const backdated = /^the entry is dated .* does not have it$/;

/**
 * @param clocks - those that jump
 * @param isOne - whether the database has the clock of the program
 * @param isDated - whether the clock that dates rows jumps
 */
const trial = async ({ url, key, folder, clocks, own, isOne = false, isDated = isOne }) => {
  const program = await Program.start(own, { url, key, folder });
  const ids = [];
  const seen = [];
  const at = async (offset, work) => {
    for (const clock of clocks) clock.set(offset);
    try {
      ids.push(...(await program.do('write', 5)));
      seen.push(`${offset}: ${await work()}`);
    } finally {
      for (const clock of clocks) clock.set('+0');
    }
  };
  const verified = async () => {
    const found = await program.do('verify');
    assert(found === '', `the ledger: ${found}`);
  };
  try {
    await at('+0', () => program.do('checkpoint'));
    await at('+10y', async () => {
      await verified();
      // what is not expired by both clocks is not purged; one clock alone is believed
      const purged = await program.do('purge');
      assert(isOne || purged === 0, `${purged} rows were purged early`);
      return `${purged} purged, checkpoint ${await program.do('checkpoint')}`;
    });
    await at('+0', async () => {
      const told = `checkpoint ${await program.do('checkpoint')}, then ${await program.do('checkpoint', true)}`;
      await verified();
      assert((await program.do('prove')) === 0, 'a proof fails');
      return told;
    });
    await at('-10y', async () => {
      const found = await program.do('verify');
      // by a clock that is behind as well, the checkpoints are of the future, and show nothing
      assert(isDated && !isOne ? backdated.test(found) : found === '', `the ledger: ${found}`);
      assert((await program.do('purge')) === 0, 'rows were purged early');
      return `checkpoint ${await program.do('checkpoint')}`;
    });
    await at('+0', async () => {
      const found = await program.do('verify');
      assert(isDated ? backdated.test(found) : found === '', `the ledger: ${found}`);
      return `${isDated ? 'the ledger names what is dated back, ' : ''}checkpoint ${await program.do('checkpoint')}`;
    });
    const misplaced = await program.do('maintain');
    assert(misplaced === 0, `${misplaced} rows are left in the default partition`);
    assert(ids.join() === ids.toSorted().join(), 'the ids of one process are not in order');
    assert((await program.do('count')) === ids.length, 'rows are lost');
    return seen.join(' · ');
  } finally {
    await program.end().catch(() => undefined);
  }
};

let problems = 0;
const report = async (name, work) => {
  const began = performance.now();
  try {
    console.log(`${name}: ${await work()}; ${Math.round((performance.now() - began) / 1_000)} s`);
  } catch (error) {
    problems++;
    console.log(`PROBLEM ${name}: ${error.stack}`);
  }
};

const own = new Clock('program');
const its = new Clock('server');
const still = new Clock('still');
let server;
try {
  const folderOf = (name) => {
    const folder = join(base, name);
    mkdirSync(folder);
    return folder;
  };
  for (const engine of ['sqlite', 'sqlcipher', 'pglite'])
    await report(`${engine}, one clock`, () => {
      const folder = folderOf(engine);
      const place = engine === 'pglite' ? join(folder, 'pg') : join(folder, 'app.db');
      const key = engine === 'sqlcipher' ? 'a1'.repeat(32) : undefined;
      return trial({ url: `${engine}:${place}`, key, folder, clocks: [own], own, isOne: true });
    });
  server = await Server.make(join(base, 'server'), {}, its.env);
  await server.start();
  const cases = {
    'a server, the clock of the program': { clocks: [own], own },
    'a server, its clock': { clocks: [its], own: still, isDated: true },
    'a server, both clocks': { clocks: [own, its], own, isOne: true },
  };
  for (const [name, given] of Object.entries(cases)) {
    const database = `db${Object.keys(cases).indexOf(name)}`;
    await server.run(`CREATE DATABASE ${database}`);
    await report(name, () => trial({ ...given, url: server.url(database), folder: folderOf(database) }));
  }
  console.log(problems === 0 ? 'all as documented' : `${problems} problems`);
  process.exitCode = problems === 0 ? 0 : 1;
} finally {
  await server?.remove();
  rmSync(base, { recursive: true, force: true });
}
