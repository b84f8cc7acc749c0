import { opendir } from 'node:fs/promises';

/** Yields the names in a folder; nothing if the folder does not exist. */
export async function* entries(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** Tells whether an error of the file system says that a file or folder does not exist. */
export function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
