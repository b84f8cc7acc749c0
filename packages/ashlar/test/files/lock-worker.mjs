// A long-lived process that takes and releases locks when its parent asks for it. Argument: the URL of a module that
// exports `takeLock`.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const [, , module] = process.argv;
const { takeLock } = await import(module);

const heartbeat = { every: 30_000, silence: 300_000 };
const take = (folder, options) =>
  takeLock({ folder, name: 'a.lock', heartbeat, ...options, locked: () => new Error('locked') });

const attempt = async (folder, options) => {
  try {
    return await take(folder, options);
  } catch (error) {
    if (error.message === 'locked') return undefined;
    throw error;
  }
};

let lock;

/** Whether a process runs, without the code under test. */
const runs = (pid) => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(line.slice(line.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
};

const contentOf = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** Enters a section for one process at a time. @returns whether another process was in it */
const enter = (marker) => {
  try {
    writeFileSync(marker, `${process.pid}`, { flag: 'wx' });
    return false;
  } catch {
    // a killed process leaves its marker, which is empty if it was killed while writing
    const pid = Number(contentOf(marker));
    const overlaps = pid !== 0 && runs(pid);
    writeFileSync(marker, `${process.pid}`);
    return overlaps;
  }
};

const works = {
  /** Releases the lock that it has, tries once to take another, and keeps that. */
  take: async ({ folder, options }) => {
    await works.release();
    lock = await attempt(folder, options);
    return { held: lock !== undefined };
  },
  release: async () => {
    await lock?.release();
    lock = undefined;
    return {};
  },
  /** Takes and releases the lock repeatedly for some milliseconds. */
  churn: async ({ folder, marker, time, options }) => {
    let [taken, overlaps] = [0, 0];
    for (const end = Date.now() + time; Date.now() < end; ) {
      const mine = await attempt(folder, options);
      if (!mine) {
        await pause(Math.random() * 2);
        continue;
      }
      taken++;
      if (enter(marker)) overlaps++;
      await pause(Math.random() * 2);
      if (contentOf(marker) !== `${process.pid}`) overlaps++;
      rmSync(marker, { force: true });
      await mine.release();
    }
    return { taken, overlaps };
  },
};

process.on('message', async ({ id, work, ...rest }) => {
  try {
    process.send({ id, ...(await works[work](rest)) });
  } catch (error) {
    process.send({ id, error: `${error.stack}` });
  }
});
process.send({ id: 0 });
