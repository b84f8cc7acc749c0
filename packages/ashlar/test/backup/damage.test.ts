import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupManifest } from 'ashlar/backup';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listBackups, restoreBackup, verifyBackup } from '../../src/backup/index.js';
import { everywhere, type Fixture, fixtures, order, shop } from './setup.js';

const names = ['backup-damaged', 'backup-manifest-mismatch', 'backup-key-wrong', 'backup-missing'];

/** A copy of the backup in another folder, with one of its files changed. */
const changed = async (
  { backups, folder }: Fixture,
  { name }: BackupManifest,
  ending: string,
  change: (bytes: Buffer) => Buffer,
): Promise<string> => {
  const its = join(folder, `changed-${Math.random().toString(36).slice(2)}`);
  await mkdir(its);
  for (const each of ['.age', '.json'])
    await copyFile(join(backups.folder, name + each), join(its, name + each));
  const path = join(its, name + ending);
  await writeFile(path, change(await readFile(path)));
  return its;
};

describe.each(everywhere)('on $name', (engine) => {
  const newFixture = fixtures();

  test('a changed byte or a missing end is refused with an error code', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, ['one', 'two']);
    const manifest = await fixture.create();
    const sizes = {
      '.age': manifest.file.size,
      '.json': (await readFile(join(fixture.backups.folder, `${manifest.name}.json`))).length,
    };
    const place = fc.constantFrom('.age' as const, '.json' as const);
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (ending, share, mask, cut) => {
          const at = Math.floor(share * sizes[ending]);
          const folder = await changed(fixture, manifest, ending, (bytes) => {
            if (cut) return bytes.subarray(0, at);
            bytes[at] = (bytes[at] ?? 0) ^ mask;
            return bytes;
          });
          const options = { ...fixture.backups, folder };
          const to = { url: fixture.elsewhere(), key: fixture.key };
          for (const work of [
            () => verifyBackup(manifest.name, [shop], options),
            () => restoreBackup(manifest.name, [shop], { ...options, to }),
          ]) {
            const code = await work().then(
              () => 'none',
              (error: unknown) => (error as { code?: string }).code,
            );
            expect(names).toContain(code);
          }
          expect(existsSync(to.url.replace(/^\w+:/, ''))).toBe(false);
          const [listed] = await listBackups(folder);
          expect(listed?.verifiedAt).toBeUndefined();
          if (ending === '.json' || cut) expect(listed?.problem).toBeDefined();
        },
      ),
      { numRuns: 40 },
    );
    await fixture.verify(manifest.name);
  });
});
