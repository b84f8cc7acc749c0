import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeError } from '../../src/backup/write-error.js';
import { fileFailure } from '../../src/files/failure.js';

const errorOf = (work: (fail: (error: unknown) => void) => unknown): Promise<unknown> =>
  new Promise((resolve) => void work(resolve));
const systemError = (code: string, syscall: string, path?: string): Error =>
  Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, ...(path === undefined ? {} : { path }) });

describe('an error of the operating system', () => {
  test('of a socket, a name or a program is none of a file', async () => {
    const refused = await errorOf((fail) => createConnection('/nowhere/socket').on('error', fail));
    expect(fileFailure('a file', refused)).toBe(refused);
    for (const [code, syscall] of [
      ['ECONNREFUSED', 'connect'],
      ['EACCES', 'connect'],
      ['ENOTFOUND', 'getaddrinfo'],
      ['ENOENT', 'spawn pg_dump'],
      ['EADDRINUSE', 'listen'],
      ['EPERM', 'kill'],
    ] as const) {
      const error = systemError(code, syscall);
      expect(fileFailure('a file', error)).toBe(error);
    }
  });

  test('of a file is named after it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ashlar-failure-'));
    for (const work of [open(join(folder, 'none')), readFile(folder)]) {
      const error = await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(fileFailure(folder, error)).toMatchObject({ code: 'file-failed' });
    }
    rmSync(folder, { recursive: true });
  });

  test.each(['ENOSPC', 'EACCES', 'EROFS'])(
    '%s outside of the folder of backups is not said to be in it',
    (code) => {
      const inside = writeError('/backups/.lock', systemError(code, 'open', '/backups/.name.age.part'));
      expect(inside).toMatchObject({ message: expect.stringMatching(/\.lock|\/backups/) });
      for (const path of ['/tmp/scratch/copy.db', '/backups-of-another/a', '/data/app.db']) {
        const outside = writeError('/backups/.lock', systemError(code, 'open', path));
        expect(outside).toMatchObject({ message: expect.stringContaining(path) });
        expect(JSON.stringify(outside)).not.toContain('backup prune');
      }
    },
  );
});
