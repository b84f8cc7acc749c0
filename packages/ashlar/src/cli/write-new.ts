import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AshlarError } from '../errors.js';
import type { Invocation } from './invocation.js';

/** Writes a new file. @throws AshlarError `usage` where it exists or cannot be written */
export async function writeNew(
  { streams }: Invocation,
  file: string,
  text: string,
  mode: number,
): Promise<void> {
  try {
    // a key must be on disk before anything is encrypted with it
    await writeFile(resolve(streams.directory, file), text, { flag: 'wx', mode, flush: true });
  } catch (cause) {
    throw new AshlarError('usage', {
      message: `${file} cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
      suggestion: 'Existing files are not overwritten: choose another file with --out.',
      cause,
    });
  }
}
