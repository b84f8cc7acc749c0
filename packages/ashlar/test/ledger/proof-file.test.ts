import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../src/ledger/checkpoint.js';
import { newSigner, signNote } from '../../src/ledger/note.js';
import { formatProof, parseProof, verifyConsistencyFile, verifyProof } from '../../src/ledger/proof-file.js';
import { logOf, testLog } from './logs.js';

const signer = newSigner('example.com/audit');
const log = testLog(40);
const refused = expect.objectContaining({ code: expect.stringMatching(/^(proof|signature)-invalid$/) });
const proofInvalid = expect.objectContaining({ code: 'proof-invalid' });

describe('a proof file', () => {
  test('shows the entry, its position and its log', async () => {
    const proven = verifyProof(await log.proof(17, 40, signer), [signer]);
    expect(proven.position).toBe(17);
    expect(proven.entry).toEqual({
      log: 'example.com/audit',
      salt: '00000000000000000000000000000011',
      at: '2030-01-02T03:04:05.678Z',
      row: { id: 17, what: 'péage' },
    });
    expect([proven.checkpoint.origin, proven.checkpoint.size]).toEqual(['example.com/audit', 40]);
  });

  test('has the form of tlog-proof@v1', async () => {
    const lines = (await log.proof(2, 3, signer)).split('\n');
    expect(lines[0]).toBe('c2sp.org/tlog-proof@v1');
    expect(lines[1]).toBe(`extra ${log.entries[2]?.toString('base64')}`);
    expect(lines[2]).toBe('index 2');
    expect(lines.slice(4, 7)).toEqual(['', 'example.com/audit', '3']);
  });

  test('parses to what was written', async () => {
    const file = await log.proof(5, 21, signer);
    expect(formatProof(parseProof(Buffer.from(file)))).toBe(file);
  });

  test('of a log with one entry has no path', async () => {
    expect(verifyProof(await log.proof(0, 1, signer), [signer]).position).toBe(0);
  });

  test('is refused with any character changed, inserted or removed', async () => {
    const file = await log.proof(9, 23, signer);
    const at = fc.nat({ max: file.length - 1 });
    fc.assert(
      fc.property(at, fc.constantFrom('A', 'B', '0', '1', '\n', ' ', '='), (where, character) => {
        const ways = [
          file.slice(0, where) + character + file.slice(where + 1),
          file.slice(0, where) + character + file.slice(where),
          file.slice(0, where) + file.slice(where + 1),
        ];
        for (const bent of ways)
          if (bent !== file) expect(() => verifyProof(bent, [signer])).toThrow(refused);
      }),
      { numRuns: 500 },
    );
  });

  test('of an entry of another log, or of other bytes, is refused', async () => {
    const foreign = logOf('example.com/other', log.entries);
    expect(() => verifyProof('', [signer])).toThrow(proofInvalid);
    expect(verifyProof(await log.proof(3, 7, signer), [signer]).entry.log).toBe('example.com/audit');
    await expect(foreign.proof(3, 7, signer).then((file) => verifyProof(file, [signer]))).rejects.toThrow(
      proofInvalid,
    );
    const nonsense = logOf('example.com/audit', [
      Buffer.from('["ashlar/entry/v2","example.com/audit","","",{}]'),
    ]);
    await expect(nonsense.proof(0, 1, signer).then((file) => verifyProof(file, [signer]))).rejects.toThrow(
      proofInvalid,
    );
  });

  test('with another key or another note is refused', async () => {
    const file = await log.proof(3, 7, signer);
    expect(() => verifyProof(file, [newSigner('example.com/audit')])).toThrow(refused);
    const proof = parseProof(file);
    const other = formatProof({ ...proof, checkpoint: signNote('any text\n', signer) });
    expect(() => verifyProof(other, [signer])).toThrow(refused);
    const larger = formatProof({ ...proof, checkpoint: signCheckpoint(await log.head(40), signer) });
    expect(() => verifyProof(larger, [signer])).toThrow(proofInvalid);
  });
});

describe('a consistency file', () => {
  test('shows that the later checkpoint continues the earlier one', async () => {
    for (const [from, to] of [
      [0, 5],
      [1, 2],
      [7, 40],
      [8, 16],
      [40, 40],
    ] as const) {
      const later = verifyConsistencyFile(await log.head(from), await log.consistency(from, to, signer), [
        signer,
      ]);
      expect(later.size).toBe(to);
    }
  });

  test('is refused for another history, log or size', async () => {
    const file = await log.consistency(7, 30, signer);
    const forged = testLog(40);
    const rewritten = logOf('example.com/audit', [...log.entries.slice(0, 6), ...forged.entries.slice(7)]);
    const check = async (earlier: Promise<Parameters<typeof verifyConsistencyFile>[0]>, text = file) =>
      verifyConsistencyFile(await earlier, text, [signer]);
    await expect(check(rewritten.head(7))).rejects.toThrow(proofInvalid);
    await expect(check(log.head(6))).rejects.toThrow(proofInvalid);
    await expect(check(testLog(40, 'example.com/other').head(7))).rejects.toThrow(proofInvalid);
    await expect(check(log.head(7), file.replace('old 7', 'old 07'))).rejects.toThrow(proofInvalid);
    await expect(check(log.head(7), 'old 7')).rejects.toThrow(proofInvalid);
  });

  test('verifies against a checkpoint that was read from its note', async () => {
    const earlier = openCheckpoint(signCheckpoint(await log.head(12), signer), [signer]);
    expect(verifyConsistencyFile(earlier, await log.consistency(12, 13, signer), [signer]).size).toBe(13);
  });
});
