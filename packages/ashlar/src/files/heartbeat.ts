import { Worker } from 'node:worker_threads';

// a thread of its own, because a long statement of the embedded engine blocks the event loop
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
 * Sets the modification time of a file to the current time at regular intervals, until the returned function is
 * called or the process ends. One thread serves all files, and does not keep the process running.
 *
 * @param every - the interval in milliseconds
 */
export function startHeartbeat(path: string, every: number): () => void {
  if (!worker) {
    const started = new Worker(thread, { eval: true, execArgv: [], name: 'ashlar-heartbeat' });
    started.unref();
    // the next lock starts another thread
    started.on('error', () => {
      if (worker === started) worker = undefined;
    });
    worker = started;
  }
  const beating = worker;
  beating.postMessage({ path, every });
  return () => beating.postMessage({ path });
}
