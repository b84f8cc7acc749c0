// A process with the preloaded library, in which operations are tried one after another. It reads one trial a line, as JSON, from
// standard input and answers with one line. Only the work of a trial runs with faults.
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AshlarError } from '../../packages/ashlar/dist/index.js';
import { promises } from './disk.mjs';
import { copyFixture, systemsIn } from './project.mjs';
import { scenarios } from './scenarios.mjs';
import { works } from './works.mjs';

const base = process.env.FAULTS_BASE;
const context = { base, ...(await systemsIn(base)) };

const control = openSync(process.env.FAULTS_CONTROL, 'r+');
const fields = { armed: 0, at: 1, error: 2, kinds: 3, count: 4, hit: 5, recording: 6, sticky: 7 };
const set = (values) => {
  for (const [name, value] of Object.entries(values)) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    writeSync(control, bytes, 0, 8, fields[name] * 8);
  }
};
const get = (name) => {
  const bytes = Buffer.alloc(8);
  readSync(control, bytes, 0, 8, fields[name] * 8);
  return Number(bytes.readBigInt64LE());
};

// what a command would print as a stack trace
const isRaw = (error) => !(error instanceof AshlarError);
const rawTraceIn = ({ stderr, document, errors = [] }) => {
  if (document?.error?.code === 'unexpected') return document.error.message;
  if (/^\s+at .+:\d+:\d+\)?$/m.test(stderr)) return stderr;
  const raw = errors.find(isRaw);
  return raw && `${raw.stack ?? raw}`;
};

let stray;
process.on('uncaughtException', (error) => {
  stray ??= error;
});
process.on('unhandledRejection', (error) => {
  stray ??= error;
});

/** What is known of a work that was killed: what it had acknowledged by then. */
const killedOutcome = (promised) => ({
  isKilled: true,
  stderr: '',
  acknowledged: existsSync(promised) ? readFileSync(promised, 'utf8').split('\n').filter(Boolean) : [],
});

const tryOne = async ({ name, number, at, error, kinds, sticky, isKilled }) => {
  const scenario = scenarios[name];
  const folder = join(base, 'trials', String(number));
  // no part of the files whose operations fail
  const promised = join(base, `promised-${number}`);
  if (!isKilled) copyFixture(base, scenario.fixture, folder);
  process.env.TMPDIR = join(folder, 'tmp');
  process.env.XDG_CACHE_HOME = join(base, 'cache');
  stray = undefined;
  context.acknowledge = (line) => appendFileSync(promised, `${line}\n`);
  if (!isKilled) set({ at, error, kinds, sticky: sticky ? 1 : 0, count: 0, hit: 0, armed: 1 });
  let outcome;
  let thrown;
  try {
    outcome = isKilled ? killedOutcome(promised) : await scenario.work(context, folder);
  } catch (raised) {
    thrown = raised;
  }
  set({ armed: 0 });
  const found = { count: get('count'), hit: get('hit'), code: outcome?.code, problems: [] };
  if (thrown) found.problems.push(`raw: ${thrown.stack}`);
  const raw = outcome && rawTraceIn(outcome);
  if (raw) found.problems.push(`raw: ${raw}`);
  if (!thrown)
    try {
      await scenario.check({ ...context, number }, folder, outcome);
    } catch (problem) {
      found.problems.push(
        `check: ${problem.message}${problem.name === 'Error' ? '' : `\n${problem.stack}`}\n  after: ${outcome.code} ${JSON.stringify(outcome.document?.error ?? outcome.errors?.map((each) => each.message))}`,
      );
    }
  if (stray) found.problems.push(`raw: uncaught ${stray.stack ?? stray}`);
  rmSync(folder, { recursive: true, force: true });
  rmSync(promised, { force: true });
  return found;
};

/** Records what a work does, without faults. @returns the folder before, the folder, and what went wrong */
const recordOne = async ({ name, durability }) => {
  const { fixture, work } = works[name];
  const [before, folder] = ['before', 'recorded'].map((each) => join(base, 'trials', each));
  for (const each of [before, folder]) {
    rmSync(each, { recursive: true, force: true });
    copyFixture(base, fixture, each);
  }
  process.env.TMPDIR = join(folder, 'tmp');
  const problems = [];
  const promise = (line) => appendFileSync(join(folder, promises), `${line}\n`);
  set({ recording: 1 });
  try {
    await work(context, folder, promise, durability);
  } catch (error) {
    problems.push(`${error.stack}`);
  }
  set({ recording: 0 });
  return { before, folder, problems };
};

const answer = (request) => (request.record ? recordOne(request) : tryOne(request));

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
closeSync(control);
