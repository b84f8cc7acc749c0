import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signCheckpoint, signStatement } from '../../src/ledger/checkpoint.js';
import { Frontier, leafHash, rootOf } from '../../src/ledger/merkle.js';
import { newSigner } from '../../src/ledger/note.js';
import { formatProof, parseProof, verifyConsistencyFile, verifyProof } from '../../src/ledger/proof-file.js';
import {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/proofs.js';
import { noLines, withLine } from '../../src/ledger/retirement-lines.js';
import * as verifier from '../../verifier/ashlar-verify.mjs';
import { entryOf, logOf, type TestLog, testLog } from './logs.js';
import { type Ended, program, runVerifier } from './run-verifier.js';
import { entriesOf, flipBit, readerOf } from './trees.js';

const signer = newSigner('example.com/audit');
const key = signer.verifierKey;
const log = testLog(25);
let place = '';

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'ashlar-verifier-'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

const run = (...args: readonly string[]) => runVerifier(place, args);

const write = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeFile(join(place, name), content);
  return join(place, name);
};

describe('the program', () => {
  test('passes its own test in an empty folder', async () => {
    await cp(join(program, '..'), join(place, 'alone'), { recursive: true });
    const child = spawn(process.execPath, [join(place, 'alone/ashlar-verify.mjs'), 'self-test'], {
      cwd: place,
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  });

  test('fails its own test where a published value differs', async () => {
    const vectors = await readFile(join(program, '../vectors.json'), 'utf8');
    await cp(join(program, '..'), join(place, 'alone'), { recursive: true });
    for (const [from, to] of [
      ['5dc9da79a70659a9', '5dc9da79a70659a8'],
      ['"position": 1,', '"position": 2,'],
      ['x08go/ZJ', 'x08go/ZK'],
      ['old 2', 'old 1'],
    ] as const) {
      expect(vectors).toContain(from);
      await writeFile(join(place, 'alone/vectors.json'), vectors.replace(from, to));
      const child = spawn(process.execPath, [join(place, 'alone/ashlar-verify.mjs'), 'self-test']);
      expect(await new Promise((resolve) => child.on('close', resolve)), from).toBe(1);
    }
  });

  test('imports only modules of Node', async () => {
    const source = await readFile(program, 'utf8');
    const imports = [...source.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, name]) => name);
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((name) => !name?.startsWith('node:'))).toEqual([]);
  });

  test('prints its usage, and exits 2', async () => {
    const file = await write('a.tlog-proof', await log.proof(3, 25, signer));
    for (const args of [
      [],
      ['nonsense'],
      ['toString'],
      ['proof', file],
      ['proof', '--key', key],
      ['proof', file, 'more', '--key', key],
      ['proof', file, '--key', key.replace('+A', '+B')],
      ['proof', file, '--wrong', key],
      ['proof', 'nowhere.tlog-proof', '--key', key],
      ['export', 'nowhere', '--key', key],
    ]) {
      const { code, said } = await run(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(said).toContain('usage: ');
    }
  });

  test('shows the row of an inclusion proof', async () => {
    const file = await write('a.tlog-proof', await log.proof(3, 25, signer));
    const { code, said } = await run(
      'proof',
      file,
      '--key',
      newSigner('example.com/other').verifierKey,
      '--key',
      key,
    );
    expect(code).toBe(0);
    expect(said).toContain('entry 3 of example.com/audit (25 entries)');
    expect(said).toContain('{"id":3,"what":"péage"}');
  });

  test('exits 1 for an invalid proof, and says why', async () => {
    const proof = await log.proof(3, 25, signer);
    for (const [text, why] of [
      [proof.replace('index 3', 'index 4'), 'not at position 4'],
      [proof.replace('index 3', 'index 03'), 'not a non-negative integer'],
      [proof.replace('\n25\n', '\n26\n'), 'is not valid'],
      [proof.slice(0, -1), 'no signatures'],
      ['', 'no checkpoint'],
      [await log.proof(3, 25, newSigner('example.com/audit')), 'not signed by any --key'],
      [await logOf('example.com/other', log.entries).proof(3, 25, signer), 'belongs to log'],
    ] as const) {
      const { code, said } = await run('proof', await write('bent.tlog-proof', text), '--key', key);
      expect(said).toMatch(/^not valid: /);
      expect(said).toContain(why);
      expect(code).toBe(1);
    }
  });

  test('shows that a later checkpoint continues an earlier one, or that it does not', async () => {
    const earlier = await write('7.checkpoint', signCheckpoint(await log.head(7), signer));
    const file = await write('7-25.consistency', await log.consistency(7, 25, signer));
    const good = await run('consistency', earlier, file, '--key', key);
    expect(good).toEqual({
      code: 0,
      said: 'valid: example.com/audit with 25 entries begins with its first 7\n',
    });
    const forged = logOf('example.com/audit', [...log.entries.slice(1), entryOf('example.com/audit', 99)]);
    const other = await write('forged.checkpoint', signCheckpoint(await forged.head(7), signer));
    expect((await run('consistency', other, file, '--key', key)).code).toBe(1);
    const sixth = await write('6.checkpoint', signCheckpoint(await log.head(6), signer));
    expect((await run('consistency', sixth, file, '--key', key)).code).toBe(1);
  });
});

describe('an exported ledger', () => {
  const exported = async (
    of: TestLog,
    options: { leaves?: boolean; quoted?: boolean } = {},
  ): Promise<void> => {
    const lines = of.entries.map((entry) => entry.toString('base64'));
    await write(
      'entries.jsonl',
      lines.map((line) => (options.quoted ? `"${line}"\n` : `${line}\n`)).join(''),
    );
    await write('checkpoint', signCheckpoint(await of.head(), signer));
    if (options.leaves) await write('leaves.bin', Buffer.concat(of.entries.map(leafHash)));
  };
  const bend = async (change: (lines: string[]) => string[]): Promise<void> => {
    const lines = (await readFile(join(place, 'entries.jsonl'), 'utf8')).split('\n').slice(0, -1);
    await write(
      'entries.jsonl',
      change(lines)
        .map((line) => `${line}\n`)
        .join(''),
    );
  };
  const verify = (...args: string[]): Promise<Ended> => run('export', place, '--key', key, ...args);
  const foreign = entryOf('example.com/audit', 99).toString('base64');

  test('is valid with or without leaves, quotes and earlier checkpoints', async () => {
    for (const options of [{}, { leaves: true }, { quoted: true }]) {
      await exported(log, options);
      expect(await verify()).toMatchObject({ code: 0 });
    }
    for (const size of [0, 1, 16, 25])
      await write(`${size}.checkpoint`, signCheckpoint(await log.head(size), signer));
    expect((await verify()).said).toBe('valid: all 25 entries of example.com/audit match (checkpoints: 5)\n');
    await exported(testLog(0), { leaves: true });
    await rm(join(place, '1.checkpoint'));
    await rm(join(place, '16.checkpoint'));
    await rm(join(place, '25.checkpoint'));
    expect((await verify()).code).toBe(0);
  });

  test.each<[string, string, (lines: string[]) => string[]]>([
    ['changed', 'line 9 ', (lines) => lines.with(8, foreign)],
    ['left out', 'line 9 ', (lines) => lines.toSpliced(8, 1)],
    ['put in', 'line 9 ', (lines) => lines.toSpliced(8, 0, foreign)],
    ['given twice', 'line 10 ', (lines) => lines.toSpliced(9, 0, lines[8] ?? '')],
    ['exchanged with the next', 'line 9 ', (lines) => lines.toSpliced(8, 2, lines[9] ?? '', lines[8] ?? '')],
    ['not base64', 'line 9 ', (lines) => lines.with(8, 'not base64!')],
    ['left empty', 'line 9 ', (lines) => lines.with(8, '')],
    ['added at the end', 'line 26 ', (lines) => [...lines, foreign]],
    ['cut from the end', '24 lines', (lines) => lines.slice(0, -1)],
  ])('is not valid with a line %s, and that line is named', async (_, named, change) => {
    await exported(log, { leaves: true });
    await bend(change);
    const { code, said } = await verify();
    expect(code).toBe(1);
    expect(said).toMatch(/^not valid: /);
    if (named === '24 lines') expect(said).toContain('leaves.bin has more leaves than the 24 lines');
    else expect(said).toContain(named);
    await rm(join(place, 'leaves.bin'));
    expect((await verify()).code).toBe(1);
  });

  test('is not valid where leaves and entries match each other, but not the signed root', async () => {
    const forged = logOf('example.com/audit', log.entries.with(4, entryOf('example.com/audit', 99)));
    await exported(forged, { leaves: true });
    await write('checkpoint', signCheckpoint(await log.head(), signer));
    expect(await verify()).toEqual({
      code: 1,
      said: 'not valid: the entries differ from the signed entries: the root does not match\n',
    });
  });

  test('is compared with every checkpoint, not only with its own', async () => {
    const forged = logOf('example.com/audit', log.entries.with(4, entryOf('example.com/audit', 99)));
    await exported(forged, { leaves: true });
    expect((await verify()).code).toBe(0);
    const kept = await write('notary', signCheckpoint(await log.head(5), signer));
    expect(await verify('--checkpoint', kept)).toMatchObject({
      code: 1,
      said: expect.stringContaining('first 5 lines'),
    });
    await write('5.checkpoint', signCheckpoint(await log.head(5), signer));
    expect((await verify()).code).toBe(1);
  });

  test('is not valid where a checkpoint has more entries: the end was cut off', async () => {
    await exported(testLog(20), { leaves: true });
    await write('25.checkpoint', signCheckpoint(await log.head(), signer));
    expect(await verify()).toMatchObject({ code: 1, said: expect.stringContaining('has only 20') });
  });

  test('tells signed retirements from others, and believes the others only when asked to', async () => {
    const line = '[1,3,4,"2026-01-01T00:00:00.000000Z","2026-01-02T00:00:00.000Z","x"]';
    const retirements = withLine(noLines, line);
    const lines = log.entries.map((entry, at) =>
      at === 3 || at === 4
        ? `{"retired":"${leafHash(entry).toString('base64')}"}\n`
        : `"${entry.toString('base64')}"\n`,
    );
    await write('entries.jsonl', lines.join(''));
    await write('retirements.jsonl', `${line}\n`);
    const sign = async (size: number, at: string, by: typeof retirements | undefined) =>
      signStatement(await log.head(size), { at: new Date(at), retirements: by }, signer);
    await write('checkpoint', await sign(25, '2026-02-01', retirements));
    await write('4.checkpoint', await sign(4, '2025-12-01', noLines));
    await write('20.checkpoint', await sign(20, '2026-01-20', undefined));
    const told = (signed: number, unsigned: number) =>
      `valid: all 25 entries of example.com/audit match, 2 of them purged and known by their hashes only: ${signed} by signed retirements, ${signed / 2} of these in a checkpoint from before the cutoff (\`ashlar ledger verify\` allows for the time between two checkpoints); ${unsigned} by retirements that nothing signs (checkpoints: 3)\n`;
    expect(await verify()).toEqual({ code: 0, said: told(2, 0) });
    // the same head without its statement, and one that states fewer
    for (const by of [undefined, noLines]) {
      await write('checkpoint', await sign(25, '2026-02-01', by));
      expect(await verify()).toMatchObject({ code: 1, said: expect.stringContaining('may be hidden') });
      expect(await verify('--unsigned-retirements')).toEqual({ code: 0, said: told(0, 2) });
    }
    // a cutoff after the purge, or a purge after the signature, would make every entry old enough
    for (const [cutoff, at] of [
      ['2999-01-01T00:00:00.000000Z', '2026-01-02T00:00:00.000Z'],
      ['2999-01-01T00:00:00.000000Z', '2999-01-02T00:00:00.000Z'],
    ]) {
      const late = line
        .replace('2026-01-01T00:00:00.000000Z', `${cutoff}`)
        .replace('2026-01-02T00:00:00.000Z', `${at}`);
      await write('retirements.jsonl', `${late}\n`);
      await write('checkpoint', await sign(25, '2026-02-01', withLine(noLines, late)));
      expect(await verify()).toMatchObject({
        code: 0,
        said: expect.stringContaining(', 0 of these in a checkpoint'),
      });
    }
    await rm(join(place, 'retirements.jsonl'));
    await write('checkpoint', await sign(25, '2026-02-01', noLines));
    expect(await verify()).toMatchObject({ code: 1, said: expect.stringContaining('no line for it') });
    for (const name of ['4.checkpoint', '20.checkpoint']) await rm(join(place, name));
  });

  test('is not valid with entries of another log, even with matching hashes', async () => {
    await exported(logOf('example.com/other', log.entries));
    expect(await verify()).toMatchObject({ code: 1, said: expect.stringContaining('line 1 ') });
  });
});

describe('the program and the library', () => {
  const leaves = entriesOf(200).map(leafHash);
  const reader = readerOf(leaves);

  test('agree on every root, inclusion and consistency, true and false', async () => {
    const root = (size: number): Buffer =>
      size === 0 ? new Frontier().root() : rootOf(leaves.slice(0, size));
    const nat = fc.nat({ max: 200 });
    await fc.assert(
      fc.asyncProperty(nat, nat, nat, nat, fc.nat({ max: 255 }), async (a, b, c, at, bit) => {
        const [from = 0, to = 0] = [a, b].sort((x, y) => x - y);
        const tree = new verifier.GrowingTree();
        for (const leaf of leaves.slice(0, to)) tree.append(leaf);
        expect(tree.root()).toEqual(root(to));
        const bendOne = (path: Buffer[]): Buffer[] =>
          path.map((hash, i) => (i === at % path.length ? flipBit(hash, bit) : hash));

        const consistency = await consistencyProof(reader, from, to);
        for (const path of [consistency, bendOne(consistency), consistency.slice(1)])
          for (const size of [from, c])
            expect(verifier.verifyConsistency(size, to, root(size), root(to), path)).toBe(
              verifyConsistency({ from: size, to, fromRoot: root(size), toRoot: root(to), path }),
            );
        expect(verifier.verifyConsistency(from, to, root(from), root(to), consistency)).toBe(true);

        if (to === 0) return;
        const [position, leaf] = [c % to, leaves[c % to] ?? root(0)];
        const inclusion = await inclusionProof(reader, position, to);
        for (const path of [inclusion, bendOne(inclusion), inclusion.slice(1)])
          for (const where of [position, at])
            expect(verifier.verifyInclusion(leaf, where, to, path, root(to))).toBe(
              verifyInclusion({ leaf, position: where, size: to, path, root: root(to) }),
            );
        expect(verifier.verifyInclusion(leaf, position, to, inclusion, root(to))).toBe(true);
      }),
    );
  });

  test('agree that malformed input is not valid', () => {
    const [leaf = Buffer.of(), other = Buffer.of()] = leaves;
    const root = rootOf([leaf, other]);
    for (const [position, size] of [
      [-1, 2],
      [0.5, 2],
      [0, 1.5],
      [2, 2],
      [0, 2 ** 53],
    ] as const)
      expect([
        verifyInclusion({ leaf, position, size, path: [other], root }),
        verifier.verifyInclusion(leaf, position, size, [other], root),
      ]).toEqual([false, false]);
    for (const [from, to] of [
      [-1, 2],
      [0.5, 2],
      [3, 2],
      [1, 2 ** 53],
    ] as const)
      expect([
        verifyConsistency({ from, to, fromRoot: leaf, toRoot: root, path: [other] }),
        verifier.verifyConsistency(from, to, leaf, root, [other]),
      ]).toEqual([false, false]);
    const short = Buffer.of(1);
    expect([
      verifyConsistency({ from: 1, to: 1, fromRoot: short, toRoot: short, path: [] }),
      verifier.verifyConsistency(1, 1, short, short, []),
    ]).toEqual([false, false]);
  });

  test('agree on how many signatures a checkpoint may have', async () => {
    const signers = [signer, ...Array.from({ length: 16 }, (_, at) => newSigner(`witness-${at}`))];
    const proof = parseProof(await log.proof(4, 25, signer));
    const file = async (count: number): Promise<Buffer> =>
      Buffer.from(
        formatProof({ ...proof, checkpoint: signCheckpoint(await log.head(), ...signers.slice(0, count)) }),
      );
    const [sixteen, seventeen] = [await file(16), await file(17)];
    expect(verifier.verifyProofFile(sixteen, [key]).position).toBe(4);
    expect(verifyProof(sixteen, [signer]).position).toBe(4);
    expect(() => verifier.verifyProofFile(seventeen, [key])).toThrow(verifier.NotValid);
    expect(() => verifyProof(seventeen, [signer])).toThrow(
      expect.objectContaining({ code: 'signature-invalid' }),
    );
  });

  test('agree on files, whole and with one byte changed', async () => {
    const passes = (check: () => unknown): boolean => {
      try {
        check();
        return true;
      } catch (error) {
        if (error instanceof verifier.NotValid || (error instanceof Error && error.name === 'AshlarError'))
          return false;
        throw error;
      }
    };
    const proof = Buffer.from(await log.proof(11, 25, signer));
    const [earlier, consistency] = [await log.head(6), Buffer.from(await log.consistency(6, 25, signer))];
    const earlierNote = Buffer.from(signCheckpoint(earlier, signer));
    expect(verifier.verifyProofFile(proof, [key])).toMatchObject({ position: 11, row: { id: 11 } });
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 255 }), (where, byte) => {
        const bend = (bytes: Buffer): Buffer => {
          const bent = Buffer.from(bytes);
          bent.writeUInt8(byte, where % bent.length);
          return bent;
        };
        for (const file of [proof, bend(proof)])
          expect(passes(() => verifier.verifyProofFile(file, [key]))).toBe(
            passes(() => verifyProof(file, [signer])),
          );
        for (const file of [consistency, bend(consistency)])
          expect(passes(() => verifier.verifyConsistencyFile(earlierNote, file, [key]))).toBe(
            passes(() => verifyConsistencyFile(earlier, file, [signer])),
          );
      }),
      { numRuns: 500 },
    );
  });
});
