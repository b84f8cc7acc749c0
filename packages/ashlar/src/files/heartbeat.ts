import { Worker } from 'node:worker_threads';

// a thread of its own: a long statement of the embedded engine blocks the event loop, and must not look like death
const thread = `
const { utimesSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');
const timers = new Map();
parentPort.on('message', ({ path, every }) => {
  clearInterval(timers.get(path));
  timers.delete(path);
  if (every === undefined) return;
  const beat = () => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {}
  };
  timers.set(path, setInterval(beat, every));
});
`;

let worker: Worker | undefined;

/**
 * Sets the time of a file to now, again and again, until the process ends or the function returned is called. One thread
 * does it for all files, and keeps no process from ending.
 *
 * @param every - milliseconds
 */
export function startHeartbeat(path: string, every: number): () => void {
  if (!worker) {
    const started = new Worker(thread, { eval: true, execArgv: [], name: 'ashlar-heartbeat' });
    started.unref();
    // a thread that could not start or go on is replaced at the next lock
    started.on('error', () => {
      if (worker === started) worker = undefined;
    });
    worker = started;
  }
  const beating = worker;
  beating.postMessage({ path, every });
  return () => beating.postMessage({ path });
}
