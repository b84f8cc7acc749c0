import { resolve } from 'node:path';
import { AshlarError } from '../errors.js';
import { writeNewFile } from '../files/write.js';
import type { Invocation } from './invocation.js';

/** The error of a file that a command was to make. */
export function unwritable(file: string, cause: unknown): AshlarError {
  return new AshlarError('usage', {
    message: `${file} cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
    suggestion: 'Existing files are not overwritten: choose another file with --out.',
    cause,
  });
}

/**
 * Writes a new file, and never overwrites an existing file.
 *
 * @throws AshlarError `usage` if it exists or cannot be written
 */
export async function writeNew(
  { streams }: Invocation,
  file: string,
  text: string,
  mode: number,
): Promise<void> {
  try {
    // a key must be on the disk before anything is encrypted with it
    await writeNewFile(resolve(streams.directory, file), text, mode);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}
