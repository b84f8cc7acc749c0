import type { OnProgress } from '../backup/index.js';
import type { Invocation } from './invocation.js';
import { ProgressBar } from './progress.js';

// smaller copies end before a bar would help
const worthShowing = 33_554_432;

/** Runs `work`, which copies a database or a backup, and shows the number of bytes copied so far. */
export async function withCopyProgress<T>(
  { streams }: Invocation,
  title: string,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const bar = new ProgressBar(streams.stderr, title);
  try {
    return await work((done, total) => {
      if ((total ?? done) >= worthShowing) bar.update({ done, total });
    });
  } finally {
    bar.end();
  }
}
