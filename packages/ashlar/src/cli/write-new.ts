import { resolve } from 'node:path';
import { AshlarError } from '../errors.js';
import { writeNewFile } from '../files/write.js';
import type { Invocation } from './invocation.js';

/** Writes a file that is not there yet. @throws AshlarError `usage` */
export const writeNew = async (
  { streams }: Invocation,
  file: string,
  text: string,
  mode: number,
): Promise<void> => {
  try {
    // a key must be on the disk before anything is encrypted with it
    await writeNewFile(resolve(streams.directory, file), text, mode);
  } catch (cause) {
    throw new AshlarError('usage', {
      message: `${file} cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
      suggestion: 'Nothing is written over: choose another file with --out.',
      cause,
    });
  }
};
