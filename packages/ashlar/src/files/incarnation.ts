import { statSync } from 'node:fs';

/**
 * Returns what tells a file or folder from another one at its path: its inode and the time of its creation. A device has another
 * number after each mount, and is no part of it. Throws errors of the file system.
 */
export function incarnationOf(path: string): string {
  const { ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true });
  // where the file system has no such time, the system answers with that of the last change
  return `${ino}:${birthtimeNs === ctimeNs ? 0n : birthtimeNs}`;
}
