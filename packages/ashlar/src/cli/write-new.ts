import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AshlarError } from '../errors.js';
import type { Invocation } from './invocation.js';

/** Writes a file that is not there yet. @throws AshlarError `usage` */
export async function writeNew(
  { streams }: Invocation,
  file: string,
  text: string,
  mode: number,
): Promise<void> {
  try {
    // a key must be on the disk before anything is encrypted with it
    await writeFile(resolve(streams.directory, file), text, { flag: 'wx', mode, flush: true });
  } catch (cause) {
    throw new AshlarError('usage', {
      message: `${file} cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
      suggestion: 'Nothing is written over: choose another file with --out.',
      cause,
    });
  }
}
