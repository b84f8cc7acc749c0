import { readFileSync, statfsSync } from 'node:fs';
import { AshlarError } from '../../../errors.js';

// the magic numbers (linux/magic.h) of file systems with reliable locks and shared memory, which SQLite's WAL needs
const safe = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlay
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0x3153464a, // jfs
  0x52654973, // reiserfs
  0xca451a4e, // bcachefs
  0x00011954, // ufs
]);

interface Mount {
  readonly point: string;
  readonly type: string;
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Finds the mount that contains a path, in the text of /proc/self/mountinfo (proc(5)). */
export function mountOf(path: string, mountinfo: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = unescapeOctal(before.split(' ')[4] ?? '');
    if (!point) continue;
    const inside = path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
    // the later of two mounts on one point is visible
    if (inside && point.length >= (found?.point.length ?? 0))
      found = { point, type: after.split(' ')[0] ?? '' };
  }
  return found;
}

/** Whether file systems with the given magic number are known to be safe for SQLite databases. */
export function isSafeFileSystem(magic: number): boolean {
  return safe.has(magic >>> 0);
}

/**
 * Throws if a folder is on a file system, such as a network mount, FUSE or NTFS, on which SQLite in WAL mode can
 * corrupt databases. Checks on Linux only.
 *
 * @param directory - resolved, without symbolic links
 * @throws AshlarError `filesystem-unsafe`
 */
export function assertSafeFileSystem(directory: string): void {
  if (process.platform !== 'linux') return;
  const magic = statfsSync(directory).type;
  if (isSafeFileSystem(magic)) return;
  const mount = mountOf(directory, readMountinfo());
  throw new AshlarError('filesystem-unsafe', {
    message: `${directory} is on a file system on which SQLite can corrupt databases.`,
    detail: mount
      ? `${mount.point} is mounted as ${mount.type}: its locks or its shared memory are not reliable.`
      : `The type of the file system is 0x${(magic >>> 0).toString(16)}, which is not known to be safe.`,
    suggestion: 'Put the database on a local disk (ext4, xfs, btrfs, zfs, tmpfs).',
  });
}

const readMountinfo = (): string => {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
};
