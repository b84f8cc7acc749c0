import { hash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  newSigner,
  openNote,
  parsePrivateKey,
  parseVerifierKey,
  signNote,
  signTime,
} from '../../src/ledger/note.js';
import { Secret } from '../../src/settings/secret.js';

// The keys and the note of the tests of Go's golang.org/x/mod/sumdb/note, which other implementations use too.
const peterKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const peterPrivate = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const enochKey = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const text =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const peterLine =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const enochLine =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const peter = parseVerifierKey(peterKey);
const enoch = parseVerifierKey(enochKey);
const invalid = expect.objectContaining({ code: 'signature-invalid' });

describe('the published example', () => {
  test('is signed byte for byte, and its key ids are computed', () => {
    const signer = parsePrivateKey(new Secret(peterPrivate));
    expect(signer.verifierKey).toBe(peterKey);
    expect(signer.privateKey.reveal()).toBe(peterPrivate);
    expect(signNote(text, signer)).toBe(`${text}\n${peterLine}`);
  });

  test('opens with the signatures of known keys; other signatures are ignored', () => {
    const both = `${text}\n${peterLine}${enochLine}`;
    expect(openNote(both, [peter])).toEqual({ text, signedBy: [peter] });
    expect(openNote(Buffer.from(both), [enoch, peter]).signedBy).toEqual([peter, enoch]);
    expect(() => openNote(both, [])).toThrow(invalid);
  });

  test('is refused if one signature of a known key is invalid, even if another is valid', () => {
    const broken = enochLine.replace('m2/5n2t', 'm2/5n2u');
    expect(openNote(`${text}\n${peterLine}${broken}`, [peter]).signedBy).toEqual([peter]);
    expect(() => openNote(`${text}\n${peterLine}${broken}`, [peter, enoch])).toThrow(invalid);
  });

  test('is refused in every malformed form', () => {
    const cutAt = [...Array(`${text}\n${peterLine}`.length).keys()];
    for (const end of cutAt)
      expect(() => openNote(`${text}\n${peterLine}`.slice(0, end), [peter])).toThrow(invalid);
    for (const note of [
      `\u0001${text}\n${peterLine}`,
      `${text}\r\n${peterLine}`,
      `${text}\n${peterLine.replace(' x', '  x')}`,
      `${text}\n— Bad Name x08go/ZJkuBS9UG/SffcvA==\n`,
      `${text}\n— a+b x08go/ZJkuBS9UG/SffcvA==\n`,
      `${text}\n— PeterNeumann x08g\n`,
      `${text}\n${peterLine}Unexpected line.\n`,
      `${text}\n${peterLine}\n`,
      `${text}\n${peterLine.replace('AM=', 'AM')}`,
    ])
      expect(() => openNote(note, [peter]), JSON.stringify(note)).toThrow(invalid);
    expect(() => openNote(Buffer.from(`\xff${text}\n${peterLine}`, 'latin1'), [peter])).toThrow(invalid);
  });

  test('has keys with only one valid spelling', () => {
    const refused = expect.objectContaining({ code: 'settings-invalid' });
    for (let end = 0; end < peterKey.length; end += 1)
      expect(() => parseVerifierKey(peterKey.slice(0, end))).toThrow(refused);
    for (let at = 0; at < peterKey.length; at += 1) {
      const next = String.fromCharCode(peterKey.charCodeAt(at) + 1);
      expect(() => parseVerifierKey(peterKey.slice(0, at) + next + peterKey.slice(at + 1))).toThrow(refused);
    }
    // Keys of a wrong length and of an unknown algorithm, with ids that fit them.
    for (const key of [
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    ])
      expect(() => parseVerifierKey(key)).toThrow(refused);
    for (let at = 0; at < peterPrivate.length; at += 1) {
      const next = String.fromCharCode(peterPrivate.charCodeAt(at) + 1);
      const bent = new Secret(peterPrivate.slice(0, at) + next + peterPrivate.slice(at + 1));
      expect(() => parsePrivateKey(bent)).toThrow(refused);
    }
  });
});

describe('a new key', () => {
  test('signs notes that its public key opens, and is read from its private key', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9./-]{1,40}$/), fc.array(fc.string()), (name, words) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression excludes them
        const words2 = words.map((word) => word.replace(/[\u0000-\u001f]/g, ''));
        const note = `${words2.join('\n')}\n`;
        const signer = newSigner(name);
        const again = parsePrivateKey(signer.privateKey);
        const opened = openNote(signNote(note, again, newSigner(name)), [
          parseVerifierKey(signer.verifierKey),
        ]);
        expect(opened.text).toBe(note);
      }),
    );
  });

  test('never prints its private key', () => {
    const signer = newSigner('example.com/audit');
    const seed = signer.privateKey.reveal().slice(-40);
    for (const shown of [
      inspect(signer, { depth: 9, showHidden: true }),
      JSON.stringify(signer),
      `${signer.privateKey}`,
    ])
      expect(shown).not.toContain(seed);
  });

  test('needs a name without white space and plus signs', () => {
    for (const name of ['', 'two words', 'a+b', 'tab\there', 'wide\u2003space', '\ud800'])
      expect(() => newSigner(name)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

test('a note may have sixteen signatures, not seventeen', () => {
  const signers = Array.from({ length: 17 }, (_, at) => newSigner(`signer-${at}`));
  const last = parseVerifierKey(signers[15]?.verifierKey ?? '');
  expect(openNote(signNote(text, ...signers.slice(0, 16)), [last]).signedBy).toEqual([last]);
  expect(() => openNote(signNote(text, ...signers), [last])).toThrow(invalid);
});

test('a key of the same name with another id is another key', () => {
  const note = signNote(text, newSigner('example.com/audit'));
  expect(() => openNote(note, [newSigner('example.com/audit')])).toThrow(invalid);
});

test('every bit of a text is signed', () => {
  const signer = newSigner('example.com/audit');
  const note = Buffer.from(signNote('12345678\n', signer));
  for (let bit = 0; bit < 72; bit += 1) {
    const bent = Buffer.from(note);
    bent.writeUInt8(bent.readUInt8(Math.floor(bit / 8)) ^ (1 << (bit % 8)), Math.floor(bit / 8));
    expect(() => openNote(bent, [signer])).toThrow(invalid);
  }
});

test('only a valid text can be signed', () => {
  const refused = expect.objectContaining({ code: 'usage' });
  expect(() => signNote('no newline', newSigner('a'))).toThrow(refused);
  expect(() => signNote('tab\t\n', newSigner('a'))).toThrow(refused);
  expect(() => signNote('unsigned\n')).toThrow(refused);
});

describe('the time of a signature', () => {
  const signer = newSigner('example.com/clock');
  const other = newSigner('example.com/other');
  const at = new Date('2026-11-27T15:00:00.999Z');
  const whole = new Date('2026-11-27T15:00:00.000Z');

  test('is read from a note, to the second; of several the earliest counts', () => {
    const note = signTime(signNote(text, signer, other), at, signer);
    expect(openNote(note, [signer])).toEqual({ text, signedBy: [signer], signedAt: whole });
    const both = signTime(note, new Date(0), other);
    expect(openNote(both, [signer, other]).signedAt).toEqual(new Date(0));
    expect(openNote(both, [signer]).signedAt).toEqual(whole);
    expect(openNote(signNote(text, signer), [signer])).not.toHaveProperty('signedAt');
  });

  test('has the form of C2SP tlog-cosignature', () => {
    const line = signTime(signNote(text, signer), at, signer).split('\n').at(-2) ?? '';
    const [dash, name, encoded = ''] = line.split(' ');
    const bytes = Buffer.from(encoded, 'base64');
    expect([dash, name, bytes.length]).toEqual(['—', signer.name, 4 + 8 + 64]);
    const key = Buffer.from(signer.verifierKey.split('+').slice(2).join('+'), 'base64').subarray(1);
    const id = hash('sha256', Buffer.concat([Buffer.from(`${signer.name}\n\x04`), key]), 'buffer');
    expect(bytes.subarray(0, 4)).toEqual(id.subarray(0, 4));
    expect(bytes.readBigUInt64BE(4)).toBe(BigInt(whole.getTime() / 1_000));
    const message = `cosignature/v1\ntime ${whole.getTime() / 1_000}\n${text}`;
    expect(signer.verify(Buffer.from(message), bytes.subarray(12))).toBe(true);
  });

  test('cannot be changed, moved to another text, or stand alone', () => {
    const note = signTime(signNote(text, signer), at, signer);
    const lines = note.split('\n');
    const bytes = Buffer.from((lines.at(-2) ?? '').split(' ')[2] ?? '', 'base64');
    for (let byte = 4; byte < bytes.length; byte += 7) {
      const forged = Buffer.from(bytes);
      forged[byte] = (forged[byte] ?? 0) ^ 1;
      const changed = `${lines.slice(0, -2).join('\n')}\n— ${signer.name} ${forged.toString('base64')}\n`;
      expect(() => openNote(changed, [signer]), String(byte)).toThrow(invalid);
    }
    const elsewhere = `${signNote('other\n', signer)}${lines.at(-2)}\n`;
    expect(() => openNote(elsewhere, [signer])).toThrow(invalid);
    expect(() => openNote(`${text}\n${lines.at(-2)}\n`, [signer])).toThrow(invalid);
  });
});
