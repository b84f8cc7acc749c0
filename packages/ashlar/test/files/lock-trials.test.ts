import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatOwner, type LockOwner, parseOwner } from '../../src/files/lock-file.js';
import { Worker } from './workers.js';

const allRounds = 500;
/** The longest that all rounds of one trial may take together; milliseconds. */
const bound = 60_000;

describe('a lock that several processes contend for', () => {
  let root = '';
  let workers: Worker[] = [];
  let dead: LockOwner;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'ashlar-lock-'));
    workers = await Promise.all(Array.from({ length: 4 }, () => Worker.start()));
    dead = await deadOwner(join(root, 'dead'));
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await rm(root, { recursive: true, force: true });
  });

  /** The owner in a lock file whose process was killed. */
  const deadOwner = async (folder: string): Promise<LockOwner> => {
    await mkdir(folder);
    const killed = await Worker.start();
    expect(await killed.do('take', { folder })).toMatchObject({ held: true });
    await killed.kill();
    const owner = parseOwner(await readFile(join(folder, 'a.lock.1'), 'utf8'));
    if (!owner) throw new Error('the lock file cannot be parsed');
    return owner;
  };

  /** All processes take one lock at once, in many rounds. @returns the rounds in which not exactly one got it */
  const trial = async (
    name: string,
    processes: number,
    left: (round: number) => LockOwner | undefined = () => undefined,
    { rounds = allRounds, options = {} }: { rounds?: number; options?: object } = {},
  ): Promise<number[]> => {
    const contenders = workers.slice(0, processes);
    const wrong: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const folder = join(root, name, `${round}`);
      mkdirSync(folder, { recursive: true });
      const owner = left(round);
      if (owner) writeFileSync(join(folder, 'a.lock.1'), formatOwner(owner));
      const answers = await Promise.all(contenders.map((worker) => worker.do('take', { folder, options })));
      if (answers.filter(({ held }) => held).length !== 1) wrong.push(round);
    }
    await Promise.all(contenders.map((worker) => worker.do('release')));
    const files = await readdir(join(root, name), { recursive: true });
    expect(files.filter((file) => file.includes('.lock'))).toEqual([]);
    return wrong;
  };

  test.each([2, 4])(
    'has one holder when %i processes take it at once',
    { timeout: bound },
    async (processes) => {
      expect(
        await trial(`free-${processes}`, processes, undefined, { rounds: processes === 2 ? 250 : 500 }),
      ).toEqual([]);
    },
  );

  test('has one holder when 4 processes take it over from a dead one', { timeout: bound }, async () => {
    expect(await trial('dead-holder', 4, () => dead)).toEqual([]);
  });

  test('is taken over from a dead holder with the process number of a contender', {
    timeout: bound,
  }, async () => {
    const pidOf = (round: number): number => workers[round % 4]?.pid ?? 0;
    expect(await trial('same-pid', 4, (round) => ({ ...dead, pid: pidOf(round) }))).toEqual([]);
  });

  test('has one holder when 4 processes take it over from a silent host', { timeout: bound }, async () => {
    const options = { heartbeat: { every: 2, silence: -1 } };
    const host = { ...dead, host: 'other.example', boot: 'other', namespace: '1' };
    expect(await trial('silent-host', 4, () => host, { options })).toEqual([]);
  });

  test('has one holder on a file system without hard links', { timeout: bound }, async () => {
    expect(await trial('no-links', 4, () => dead, { rounds: 100, options: { hardLinks: false } })).toEqual(
      [],
    );
  });

  test.each([true, false])(
    'keeps processes apart that are halted at random moments (hard links: %s)',
    async (hardLinks) => {
      const folder = join(root, `churn-${hardLinks}`);
      await mkdir(folder);
      const work = { folder, marker: `${folder}.marker`, time: 2_000, options: { hardLinks } };
      const churns = Promise.all(workers.map((worker) => worker.do('churn', work)));
      // a process that is halted after reading the folder acts on an old state
      for (let turn = 0; turn < 80; turn++) await workers[turn % 4]?.halt(Math.random() * 20);
      const answers = await churns;
      expect(answers.map(({ overlaps }) => overlaps)).toEqual([0, 0, 0, 0]);
      // not each one alone: a busy machine may leave a process no turn
      expect(answers.reduce((sum, { taken = 0 }) => sum + taken, 0)).toBeGreaterThan(40);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test('is taken over after kill -9 at random moments, and keeps processes apart', async () => {
    const folder = join(root, 'kills');
    await mkdir(folder);
    const marker = `${folder}.marker`;
    let [overlaps, kills] = [0, 0];
    let isOver = false;
    const contender = async (): Promise<number> => {
      let taken = 0;
      let worker = await Worker.start();
      while (!isOver) {
        const churn = worker.do('churn', { folder, marker, time: 150 }).catch(() => undefined);
        if (Math.random() < 0.3) {
          kills++;
          await pause(Math.random() * 150);
          await worker.kill();
          worker = await Worker.start();
        }
        const answer = await churn;
        overlaps += answer?.overlaps ?? 0;
        taken += answer?.taken ?? 0;
      }
      await worker.kill();
      return taken;
    };
    const contenders = [contender(), contender(), contender()];
    await pause(4_000);
    isOver = true;
    const taken = await Promise.all(contenders);
    expect(overlaps).toBe(0);
    expect(kills).toBeGreaterThan(2);
    expect(taken.reduce((sum, one) => sum + one)).toBeGreaterThan(10);
    const [last] = workers;
    expect(await last?.do('take', { folder })).toMatchObject({ held: true });
    await last?.do('release');
    expect(await readdir(folder)).toEqual([]);
  });
});
