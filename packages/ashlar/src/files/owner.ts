import { chmodSync, chownSync, lchownSync, type Stats, statSync } from 'node:fs';

/** Who owns a file, and who may read and write it. */
export type FileOwner = Pick<Stats, 'uid' | 'gid' | 'mode'>;

// without root's rights, without the capability, on a network mount that maps root to nobody, in a user namespace without that user, and
// on a file system without owners
const refusals: ReadonlySet<unknown> = new Set(['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Whether the operating system made a change; `false` where this process or the file system cannot make it. */
const isDone = (change: () => void): boolean => {
  try {
    change();
    return true;
  } catch (error) {
    if (!refusals.has((error as NodeJS.ErrnoException).code)) throw error;
    return false;
  }
};

/** Returns owner and mode of a file or folder; `undefined` if it does not exist. */
export function ownerOf(path: string): FileOwner | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/**
 * Gives a new file the owner, the group and the mode of the file that it is to replace, as far as this process can. Where the group cannot
 * be given, only the owner may use the file: the group that it has instead never could. Throws errors of the file system.
 */
export function takeOwner(path: string, { uid, gid, mode }: FileOwner): void {
  const hasGroup = isDone(() => chownSync(path, uid, gid)) || isDone(() => chownSync(path, -1, gid));
  // after a change of the owner, which takes bits of the mode away
  isDone(() => chmodSync(path, mode & (hasGroup ? 0o777 : 0o700)));
}

/**
 * Gives what root makes in a folder of another user to that user, who could not read it otherwise. Does nothing for others, and where
 * root cannot. Throws errors of the file system.
 *
 * @param owner - of the folder
 */
export function giveTo(path: string, { uid, gid }: FileOwner): void {
  if (process.getuid?.() === 0) isDone(() => lchownSync(path, uid, gid));
}
