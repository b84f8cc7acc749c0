import { chmodSync, chownSync, lchownSync, type Stats, statSync } from 'node:fs';

/** Who owns a file, and who may read and write it. */
export type FileOwner = Pick<Stats, 'uid' | 'gid' | 'mode'>;

const isRoot = (): boolean => process.getuid?.() === 0;

// another user's file can be replaced by everyone who may write its folder; only root can give a file away
const give = (change: (uid: number, gid: number) => void, { uid, gid }: FileOwner): void => {
  try {
    change(uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM' || isRoot()) throw error;
  }
};

/** Returns owner and mode of a file or folder; `undefined` if it does not exist. */
export function ownerOf(path: string): FileOwner | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/**
 * Gives a new file the owner and the mode of the file that it is to replace. Without root's rights the owner stays as it is.
 * Throws errors of the file system.
 */
export function takeOwner(path: string, replaced: FileOwner): void {
  give((uid, gid) => chownSync(path, uid, gid), replaced);
  // after a change of the owner, which takes bits of the mode away
  chmodSync(path, replaced.mode & 0o7777);
}

/**
 * Gives what root makes in a folder of another user to that user, who could not read it otherwise. Does nothing for others.
 * Throws errors of the file system.
 *
 * @param owner - of the folder
 */
export function giveTo(path: string, owner: FileOwner): void {
  if (isRoot()) give((uid, gid) => lchownSync(path, uid, gid), owner);
}
