import { describe, expect, test } from 'vitest';
import {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../src/ledger/checkpoint.js';
import { emptyRoot } from '../../src/ledger/merkle.js';
import { newSigner } from '../../src/ledger/note.js';

// The example of the specification, https://c2sp.org/tlog-checkpoint.
const published = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const invalid = expect.objectContaining({ code: 'signature-invalid' });

describe('a checkpoint', () => {
  test('reads and writes the published example', () => {
    const checkpoint = parseCheckpoint(published);
    expect([checkpoint.origin, checkpoint.size]).toEqual(['example.com/behind-the-sofa', 20_852_163]);
    expect(formatCheckpoint(checkpoint)).toBe(published);
  });

  test('is read from its signed note, and only with its key', () => {
    const signer = newSigner('example.com/audit');
    const head = { origin: 'example.com/audit', size: 0, root: emptyRoot };
    const note = signCheckpoint(head, signer);
    expect(openCheckpoint(note, [signer])).toEqual({ ...head, note, signedBy: [signer] });
    expect(openCheckpoint(Buffer.from(note), [signer]).note).toBe(note);
    expect(() => openCheckpoint(note, [newSigner('example.com/audit')])).toThrow(invalid);
  });

  test.each([
    ['a leading zero', published.replace('20852163', '020852163')],
    ['a sign', published.replace('20852163', '+20852163')],
    ['an exponent', published.replace('20852163', '2e7')],
    ['a size beyond 2^53', published.replace('20852163', '9007199254740992')],
    ['no size', published.replace('20852163', '')],
    ['no origin', published.replace('example.com/behind-the-sofa', '')],
    ['a short root', published.replace('CsUY', '')],
    ['a root with spare bits', published.replace('q2I=', 'q2J=')],
    ['no last newline', published.slice(0, -1)],
    ['an extension line', `${published}extension\n`],
    ['a blank line', `${published}\n`],
  ])('with %s is refused', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(invalid);
  });

  test('of an impossible head is refused', () => {
    const head = { origin: 'example.com/audit', size: 1, root: emptyRoot };
    for (const wrong of [{ origin: '' }, { origin: 'two\nlines' }, { size: -1 }, { root: Buffer.of(1) }])
      expect(() => formatCheckpoint({ ...head, ...wrong })).toThrow(
        expect.objectContaining({ code: 'usage' }),
      );
  });
});
