// link(2): FAT, some network mounts, and a file with as many names as it can have
const codes: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Whether a failed `link` says that the file system has no hard links, or no more of this file. */
export function lacksHardLinks(error: unknown): boolean {
  return codes.has((error as NodeJS.ErrnoException).code);
}
