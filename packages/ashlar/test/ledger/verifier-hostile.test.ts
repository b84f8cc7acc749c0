import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signCheckpoint } from '../../src/ledger/checkpoint.js';
import { leafHash } from '../../src/ledger/merkle.js';
import { newSigner } from '../../src/ledger/note.js';
import * as verifier from '../../verifier/ashlar-verify.mjs';
import { entryOf, logOf, testLog } from './logs.js';
import { runVerifier } from './run-verifier.js';

const signer = newSigner('example.com/audit');
const key = signer.verifierKey;
const at = '2030-01-02T03:04:05.678Z';
const origin = 'shop/orders';
let place = '';

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'ashlar-verifier-'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

const run = (...args: readonly string[]) => runVerifier(place, args);

const proofOf = (entry: string, named = origin): Promise<string> =>
  logOf(named, [Buffer.from(entry)]).proof(0, 1, signer);
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('an entry that the ledger’s own key has signed', () => {
  test.each([
    ['a list as the name of its log', `["ashlar/entry/v1",["orders"],"00","${at}",{"id":1}]`],
    ['an object as the name of its log', `["ashlar/entry/v1",{},"00","${at}",{"id":1}]`],
    ['a number as its salt', `["ashlar/entry/v1","orders",0,"${at}",{"id":1}]`],
    ['a list as its time', `["ashlar/entry/v1","orders","00",["${at}"],{"id":1}]`],
    ['a list as its row', `["ashlar/entry/v1","orders","00","${at}",[1]]`],
    ['no row', `["ashlar/entry/v1","orders","00","${at}",null]`],
    ['six parts', `["ashlar/entry/v1","orders","00","${at}",{},1]`],
    ['no list', 'null'],
    ['no text', ''],
    ['a nesting that no reader follows', nested(200_000)],
  ])('is not valid with %s', async (_, entry) => {
    const proof = await proofOf(entry);
    expect(() => verifier.verifyProofFile(Buffer.from(proof), [key])).toThrow(verifier.NotValid);
  });

  test('is not valid, and no wrong use, where its row is nested too deeply to be printed', async () => {
    const proof = await proofOf(`["ashlar/entry/v1","orders","00","${at}",{"deep":${nested(20_000)}}]`);
    await writeFile(join(place, 'a.tlog-proof'), proof);
    const { code, said } = await run('proof', 'a.tlog-proof', '--key', key);
    expect(code).toBe(1);
    expect(said).toMatch(/^not valid: /);
  });

  test('is printed without characters that move the cursor or turn text around', async () => {
    const odd = '\u202Eevil\u2066\u0085\u009B2J\u001b[2J\u2028';
    const proof = await proofOf(
      JSON.stringify(['ashlar/entry/v1', 'orders', '00', `${at}${odd}`, { [odd]: odd }]),
    );
    await writeFile(join(place, 'a.tlog-proof'), proof);
    const { code, said } = await run('proof', 'a.tlog-proof', '--key', key);
    expect(code).toBe(0);
    expect(said).toContain('evil');
    expect(said.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202E\u2066]/u);
    const named = await proofOf(`["ashlar/entry/v1","other","00","${at}",{}]`, 'shop/\u202Eorders');
    await writeFile(join(place, 'b.tlog-proof'), named);
    const refused = await run('proof', 'b.tlog-proof', '--key', key);
    expect(refused.code).toBe(1);
    expect(refused.said).not.toContain('\u202E');
  });
});

describe('an exported ledger', () => {
  const log = testLog(3, origin);
  const exported = async (entries: readonly Buffer[] = log.entries): Promise<void> => {
    const head = await logOf(origin, entries).head();
    await writeFile(
      join(place, 'entries.jsonl'),
      entries.map((each) => `"${each.toString('base64')}"\n`).join(''),
    );
    await writeFile(join(place, 'checkpoint'), signCheckpoint(head, signer));
    await writeFile(join(place, 'leaves.bin'), Buffer.concat(entries.map(leafHash)));
  };

  test.each([1, 31, 33])('is not valid with %i more bytes in leaves.bin', async (count) => {
    await exported();
    expect(await verifier.verifyExport(place, [key])).toMatchObject({ size: 3 });
    await appendFile(join(place, 'leaves.bin'), Buffer.alloc(count));
    await expect(verifier.verifyExport(place, [key])).rejects.toThrow(verifier.NotValid);
  });

  test.each(['5', 'null', '{}', '[1', '"x"', '[1,"a","b"]'])(
    'is not valid with the retirement %s',
    async (line) => {
      await exported();
      await writeFile(join(place, 'retirements.jsonl'), `${line}\n`);
      await expect(verifier.verifyExport(place, [key])).rejects.toThrow(verifier.NotValid);
    },
  );

  test('is not valid with an odd entry, whatever was signed', async () => {
    await exported([entryOf(origin, 0), Buffer.from(`["ashlar/entry/v1",["orders"],"00","${at}",{}]`)]);
    await expect(verifier.verifyExport(place, [key])).rejects.toThrow(verifier.NotValid);
  });
});
