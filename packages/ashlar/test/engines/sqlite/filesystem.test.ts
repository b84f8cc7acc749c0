import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import {
  assertSafeFileSystem,
  isSafeFileSystem,
  mountOf,
} from '../../../src/engines/sqlite/file/filesystem.js';

test.each([
  ['ext4', 0xef53, true],
  ['xfs', 0x58465342, true],
  ['btrfs', 0x9123683e, true],
  ['tmpfs', 0x01021994, true],
  ['overlay', 0x794c7630, true],
  ['9p', 0x01021997, false],
  ['fuse, ntfs-3g', 0x65735546, false],
  ['cifs', 0xff534d42, false],
  ['cifs as a signed number', 0xff534d42 | 0, false],
  ['smb2', 0xfe534d42, false],
  ['nfs', 0x6969, false],
  ['vfat', 0x4d44, false],
  ['exfat', 0x2011bab0, false],
  ['ntfs3', 0x7366746e, false],
  ['unknown', 0x12345678, false],
])('%s', (_, magic, safe) => {
  expect(isSafeFileSystem(magic)).toBe(safe);
});

test('a pseudo file system is refused, with its mount point in the error', () => {
  if (process.platform !== 'linux') return;
  expect(() => assertSafeFileSystem('/proc/self')).toThrow(
    expect.objectContaining({
      code: 'filesystem-unsafe',
      detail: expect.stringContaining('/proc is mounted as proc'),
    }),
  );
  expect(() => assertSafeFileSystem(realpathSync(tmpdir()))).not.toThrow();
});

describe('the mount of a path', () => {
  const mountinfo = [
    '21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '30 21 0:30 / /mnt/c rw,noatime shared:2 - 9p drvfs rw',
    '31 21 0:31 / /mnt/with\\040space rw - cifs //host/share rw',
    '32 30 0:32 / /mnt/c/inner rw - ext4 /dev/sdb1 rw',
    '',
  ].join('\n');

  test.each([
    ['/home/x', '/', 'ext4'],
    ['/mnt/c/data', '/mnt/c', '9p'],
    ['/mnt/c', '/mnt/c', '9p'],
    ['/mnt/cc', '/', 'ext4'],
    ['/mnt/c/inner/deep', '/mnt/c/inner', 'ext4'],
    ['/mnt/with space/x', '/mnt/with space', 'cifs'],
  ])('%s', (path, point, type) => {
    expect(mountOf(path, mountinfo)).toEqual({ point, type });
  });
});
