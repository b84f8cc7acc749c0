import { expect, test } from 'vitest';
import { formatHandover, openHandover } from '../../src/ledger/handover.js';
import { newSigner, signNote } from '../../src/ledger/note.js';

const [old, next, stranger] = ['a', 'b', 'c'].map((name) => newSigner(`example.org/${name}`));
const invalid = expect.objectContaining({ code: 'signature-invalid' });
if (!old || !next || !stranger) throw new Error();

test('a trusted key hands over to a new key', () => {
  expect(openHandover(formatHandover(old, next), [old]).verifierKey).toBe(next.verifierKey);
  expect(openHandover(formatHandover(old, next), [stranger, old]).verifierKey).toBe(next.verifierKey);
});

test('a handover needs the signatures of the trusted and of the new key', () => {
  expect(() => openHandover(formatHandover(stranger, next), [old])).toThrow(invalid);
  const text = `ashlar/signer-handover/v1\n${old.verifierKey}\n${next.verifierKey}\n`;
  expect(() => openHandover(signNote(text, old), [old])).toThrow(invalid);
  expect(() => openHandover(signNote(text, next), [old])).toThrow(invalid);
  // a trusted key may hand over only itself
  expect(() => openHandover(signNote(text, stranger, next), [old, stranger])).toThrow(invalid);
  expect(() =>
    openHandover(formatHandover(old, next).replace(next.verifierKey, stranger.verifierKey), [old]),
  ).toThrow(invalid);
  expect(() => openHandover(signNote('shop/notes\n3\nAAAA\n', old, next), [old])).toThrow(invalid);
});
