import { randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BackupKeys } from '../../src/backup/keys.js';
import { failure } from '../engines/sqlite/support.js';

const chunk = 65_536;
const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 7];

async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const whole = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};

const encrypted = async (keys: BackupKeys, plain: Uint8Array, size = 10_000): Promise<Buffer> =>
  whole((await keys.encrypt(inParts(plain, size))).bytes);

const opened = async (keys: BackupKeys, bytes: Uint8Array, size = 10_000): Promise<Buffer> =>
  whole((await keys.open(inParts(bytes, size))).bytes);

describe('an age file', async () => {
  const key = await generateIdentity();
  const recipient = await identityToRecipient(key);
  const keys = await BackupKeys.from({ key });
  const passphrase = 'correct horse battery staple';

  test.each(sizes)(
    'of %i bytes is decrypted by the age library, and one of the library by Ashlar',
    async (size) => {
      const plain = randomBytes(size);
      const decrypter = new Decrypter();
      decrypter.addIdentity(key);
      expect(plain.equals(await decrypter.decrypt(await encrypted(keys, plain)))).toBe(true);
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      expect(plain.equals(await opened(keys, await encrypter.encrypt(plain)))).toBe(true);
    },
  );

  test('has the same content whatever the size of the chunks', async () => {
    const part = fc.integer({ min: 1, max: 200_000 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 200_000 }), part, part, async (size, written, read) => {
        const plain = randomBytes(size);
        expect((await opened(keys, await encrypted(keys, plain, written), read)).equals(plain)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('with a passphrase is decrypted by the age library, and one of the library by Ashlar', async () => {
    const ours = await BackupKeys.from({ key: passphrase });
    const decrypter = new Decrypter();
    decrypter.addPassphrase(passphrase);
    expect(await decrypter.decrypt(await encrypted(ours, Buffer.from('hello')), 'text')).toBe('hello');
    const encrypter = new Encrypter();
    encrypter.setPassphrase(passphrase);
    encrypter.setScryptWorkFactor(12);
    const theirs = await encrypter.encrypt('hello');
    expect((await opened(ours, theirs)).toString()).toBe('hello');
    const other = await BackupKeys.from({ key: `${passphrase}s` });
    await failure('backup-key-wrong', () => opened(other, theirs));
    await failure('backup-key-wrong', () => opened(keys, theirs));
  });

  test('is refused if a byte is changed, or a part is missing or added', async () => {
    const plain = randomBytes(2 * chunk);
    const file = await encrypted(keys, plain);
    const header = file.length - plain.length - 2 * 16 - 16;
    const isRefused = async (bytes: Uint8Array) => {
      const code = await opened(keys, bytes).then(
        () => 'none',
        (error: unknown) => (error as { code: string }).code,
      );
      expect(['backup-damaged', 'backup-key-wrong']).toContain(code);
    };
    const positions = [...Array(header).keys(), header, header + 16, header + 16 + chunk, file.length - 1];
    for (const at of positions) {
      const flipped = Buffer.from(file);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await isRefused(flipped);
    }
    // cut at the end of a chunk, where every remaining byte is authentic
    await isRefused(file.subarray(0, header + 16 + chunk + 16));
    await isRefused(file.subarray(0, header + 16));
    await isRefused(Buffer.concat([file, Buffer.alloc(1)]));
    await isRefused(Buffer.concat([file, Buffer.alloc(16)]));
    await isRefused(Buffer.concat([file, file.subarray(-chunk - 16)]));
    await isRefused(Buffer.alloc(0));
    await isRefused(Buffer.from('SQLite format 3\0'));
  });

  test('can be made with recipients only, and is then opened by the owner of the key only', async () => {
    const maker = await BackupKeys.from({ recipients: [recipient] });
    expect(maker.canOpen).toBe(false);
    expect(maker.fingerprints).toEqual(keys.fingerprints);
    const file = await encrypted(maker, Buffer.from('hello'));
    await failure('backup-key-missing', () => opened(maker, file));
    expect((await opened(keys, file)).toString()).toBe('hello');
  });

  test('opens with a former key that is listed after the new one', async () => {
    const fresh = await generateIdentity();
    const both = await BackupKeys.from({ key: `# made today\n${fresh}\n\n# before\n${key}\n` });
    expect((await opened(both, await encrypted(keys, Buffer.from('old')))).toString()).toBe('old');
    const now = await encrypted(both, Buffer.from('new'));
    expect((await opened(await BackupKeys.from({ key: fresh }), now)).toString()).toBe('new');
    await failure('backup-key-wrong', () => opened(keys, now));
  });

  test('malformed keys are refused, and appear in no message', async () => {
    await failure('backup-key-missing', () => BackupKeys.from({}));
    for (const given of [
      { key: 'too short' },
      { key: 'AGE-SECRET-KEY-1QQQQ' },
      // a malformed key must not be used as a passphrase
      { key: recipient },
      { key: `"${recipient}"` },
      { key: 'age-secret-key-1qqqqqqqqqqqqqqqqqqqq' },
      { key: 'AGE-PLUGIN-YUBIKEY-1QQQQQQQQQ' },
      { key: 'two lines\nof a text that is long enough' },
      { recipients: ['age1nobody'] },
      { recipients: ['ssh-ed25519 AAAA'] },
      { key: passphrase, recipients: [recipient] },
    ]) {
      const error = await failure('backup-key-invalid', () => BackupKeys.from(given));
      expect(JSON.stringify(error)).not.toContain(given.key ?? '\0');
    }
  });
});
