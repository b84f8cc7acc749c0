import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../src/ledger/checkpoint.js';
import { requireContinuation } from '../../src/ledger/continuation.js';
import { newSigner } from '../../src/ledger/note.js';
import { noLines, withLine } from '../../src/ledger/retirement-lines.js';
import { readCheckpoints, signHead } from '../../src/ledger/signer-log.js';
import { entryOf, logOf, type TestLog, testLog } from './logs.js';

const signer = newSigner('example.com/audit');
const conflict = expect.objectContaining({ code: 'ledger-conflict' });
let place = '';
let folder = '';

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'ashlar-signer-'));
  folder = join(place, 'signed');
});
afterEach(() => rm(place, { recursive: true, force: true }));

const sign = async (log: TestLog, size?: number, by = signer): Promise<string> =>
  signHead({ folder, signer: by, head: await log.head(size), reader: log.reader });

const rewritten = (count: number): TestLog =>
  logOf(
    'example.com/audit',
    Array.from({ length: count }, (_, at) => entryOf('example.com/audit', at === 2 ? 999 : at)),
  );

describe('a signer', () => {
  test('signs a continuation, and stores each checkpoint before it returns it', async () => {
    const log = testLog(30);
    for (const size of [0, 1, 9, 30]) {
      const note = await sign(log, size);
      expect(openCheckpoint(note, [signer]).size).toBe(size);
      expect(await readFile(join(folder, `${size}.checkpoint`), 'utf8')).toBe(note);
    }
    const kept = await readCheckpoints(folder, [signer]);
    expect(kept.map((one) => one.size)).toEqual([0, 1, 9, 30]);
    expect((await readdir(folder)).length).toBe(4);
  });

  test('gives the same note for the same head', async () => {
    const first = await sign(testLog(8));
    expect(await sign(testLog(8))).toBe(first);
  });

  test('signs a head again that a clock that was ahead has dated, when it is told so', async () => {
    const log = testLog(8);
    const request = { folder, signer, head: await log.head(), reader: log.reader };
    const [ahead, now, later] = ['2026-03-01', '2026-02-01', '2026-02-02'].map((day) => new Date(day)) as [
      Date,
      Date,
      Date,
    ];
    const wrong = await signHead({ ...request, at: ahead });
    expect(await signHead({ ...request, at: now })).toBe(wrong);
    const right = await signHead({ ...request, at: now, clockWasAhead: true });
    expect(openCheckpoint(right, [signer]).signedAt).toEqual(now);
    expect((await readdir(folder)).sort()).toEqual(['8-2.checkpoint', '8.checkpoint']);
    expect(await signHead({ ...request, at: later, clockWasAhead: true })).toBe(right);
    const more = testLog(9);
    const next = await signHead({ ...request, head: await more.head(), reader: more.reader, at: later });
    expect(openCheckpoint(next, [signer]).signedAt).toEqual(later);
  });

  test('accepts as many later dates as it is told: of many it is the present clock that may be behind', async () => {
    const log = testLog(9);
    const request = { folder, signer, reader: log.reader };
    for (const size of [5, 6, 7])
      await signHead({ ...request, head: await log.head(size), at: new Date(`2026-03-0${size}`) });
    const at = new Date('2026-02-01');
    for (const clockWasAhead of [false, true, 2])
      await expect(signHead({ ...request, head: await log.head(), at, clockWasAhead })).rejects.toMatchObject(
        {
          code: 'clocks-differ',
          suggestion: expect.stringContaining('--clock-was-ahead 3'),
        },
      );
    expect(
      openCheckpoint(await signHead({ ...request, head: await log.head(), at, clockWasAhead: 3 }), [signer])
        .signedAt,
    ).toEqual(at);
  });

  test('states when it signed, and keeps the earliest time; a note without a time gets one', async () => {
    const log = testLog(8);
    const at = new Date('2026-01-02T03:04:05.000Z');
    const request = { folder, signer, head: await log.head(), reader: log.reader };
    const first = await signHead({ ...request, at });
    expect(openCheckpoint(first, [signer]).signedAt).toEqual(at);
    expect(await signHead({ ...request, at: new Date() })).toBe(first);
    await writeFile(join(folder, '8.checkpoint'), signCheckpoint(await log.head(), signer));
    const later = new Date('2026-02-02T03:04:05.000Z');
    expect(openCheckpoint(await signHead({ ...request, at: later }), [signer]).signedAt).toEqual(later);
  });

  test('signs a head again when more was retired since, and keeps both', async () => {
    const log = testLog(8);
    const at = new Date('2026-01-02T03:04:05.000Z');
    const request = { folder, signer, head: await log.head(), reader: log.reader };
    const first = await signHead({ ...request, at, retirements: noLines });
    const retirements = withLine(noLines, '[1,0,0,null,"",""]');
    const second = await signHead({ ...request, retirements });
    expect(openCheckpoint(first, [signer]).retirements).toEqual({ ...noLines, at });
    expect(openCheckpoint(second, [signer]).retirements).toMatchObject(retirements);
    expect(await signHead({ ...request, retirements })).toBe(second);
    const kept = await readCheckpoints(folder, [signer]);
    expect(kept.map(({ note }) => note)).toEqual([first, second]);
    // a reader that knows nothing of such signatures: only the first line of a signer is of the kind of notes
    const lines = second.split('\n');
    const plain = [...lines.slice(0, 5), ''].join('\n');
    expect(openCheckpoint(plain, [signer])).toMatchObject({ size: 8 });
  });

  test('a statement about retirements that was changed is no valid signature', async () => {
    const log = testLog(8);
    const retirements = withLine(noLines, 'a line');
    const note = await signHead({ folder, signer, head: await log.head(), reader: log.reader, retirements });
    const lines = note.split('\n');
    const statement = lines.findLastIndex((line) => line.startsWith('\u2014'));
    const [dash, name, encoded = ''] = lines[statement]?.split(' ') ?? [];
    const bytes = Buffer.from(encoded, 'base64');
    // time, count, digest, signature
    for (const at of [4, 11, 12, 19, 20, 51, 52, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const forged = lines.with(statement, `${dash} ${name} ${changed.toString('base64')}`).join('\n');
      expect(() => openCheckpoint(forged, [signer]), String(at)).toThrow(/is not valid/);
    }
    const cut = lines.with(statement, `${dash} ${name} ${bytes.subarray(0, -1).toString('base64')}`);
    expect(() => openCheckpoint(cut.join('\n'), [signer])).toThrow(/is not valid/);
  });

  test('refuses a smaller ledger: one restored from a backup', async () => {
    await sign(testLog(12));
    await expect(sign(testLog(11))).rejects.toThrow(conflict);
    expect((await readCheckpoints(folder, [signer])).map((one) => one.size)).toEqual([12]);
  });

  test('refuses a rewritten history, of the same size or larger', async () => {
    await sign(testLog(12));
    await expect(sign(rewritten(12))).rejects.toThrow(conflict);
    await expect(sign(rewritten(20))).rejects.toThrow(conflict);
    await expect(sign(testLog(20))).resolves.toContain('example.com/audit\n20\n');
  });

  test('refuses another ledger in the same folder', async () => {
    await sign(testLog(3));
    await expect(sign(testLog(5, 'example.com/other'))).rejects.toThrow(conflict);
  });

  test('refuses a head that is not the root of the tree, for the first checkpoint too', async () => {
    const [log, other] = [testLog(6), rewritten(6)];
    await expect(signHead({ folder, signer, head: await other.head(), reader: log.reader })).rejects.toThrow(
      conflict,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test('refuses a folder with a checkpoint that it did not sign', async () => {
    await sign(testLog(3));
    const other = newSigner('example.com/audit');
    await expect(sign(testLog(5), 5, other)).rejects.toThrow(
      expect.objectContaining({ code: 'signature-invalid' }),
    );
    await writeFile(join(folder, '4.checkpoint'), 'torn');
    await expect(sign(testLog(5))).rejects.toThrow(/^4\.checkpoint: /);
  });

  test('changes its key, and is still bound by what the former key signed', async () => {
    const first = await sign(testLog(4));
    const next = newSigner('example.com/audit');
    const request = { folder, signer: next, former: [signer, next], reader: testLog(4).reader };
    const note = await signHead({ ...request, head: await testLog(4).head() });
    expect(openCheckpoint(note, [next]).size).toBe(4);
    // the time of the first signature is evidence
    expect(await readdir(folder)).toEqual(['4.checkpoint']);
    const [both] = await readCheckpoints(folder, [signer, next]);
    expect(both?.signedBy).toHaveLength(2);
    expect(both?.signedAt).toEqual(openCheckpoint(first, [signer]).signedAt);
    for (const one of [signer, next]) expect(openCheckpoint(note, [one]).signedBy).toEqual([one]);
    for (let more = 0; more < 9; more++) {
      const another = newSigner('example.com/audit');
      request.former.push(another);
      await signHead({ ...request, signer: another, head: await testLog(4).head() });
    }
    // a note has at most 16 signatures
    expect((await readdir(folder)).sort()).toEqual(['4-2.checkpoint', '4.checkpoint']);
    const forged = rewritten(9);
    await expect(signHead({ ...request, head: await forged.head(), reader: forged.reader })).rejects.toThrow(
      conflict,
    );
  });

  test('ignores the temporary file of a crash', async () => {
    await sign(testLog(4));
    await writeFile(join(folder, '.9.checkpoint.0a1b2c3d4e5f'), 'half a no');
    await expect(sign(testLog(5))).resolves.toContain('\n5\n');
  });
});

describe('checkpoints', () => {
  test('are read from one file or a folder, and an unreadable one is an error', async () => {
    await sign(testLog(4));
    const file = join(folder, '4.checkpoint');
    expect((await readCheckpoints(file, [signer])).map((one) => [one.size, one.file])).toEqual([[4, file]]);
    await writeFile(join(folder, 'from-the-notary.checkpoint'), 'unreadable');
    await expect(readCheckpoints(folder, [signer])).rejects.toThrow(/^from-the-notary\.checkpoint: /);
    await expect(readCheckpoints(join(place, 'nowhere'), [signer])).rejects.toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });
});

test('a ledger continues only its own earlier states', async () => {
  const log = testLog(25);
  for (let size = 0; size <= 25; size += 1)
    await expect(
      requireContinuation(await log.head(size), await log.head(), log.reader),
    ).resolves.toBeUndefined();
  await expect(requireContinuation(await log.head(25), await log.head(24), log.reader)).rejects.toThrow(
    conflict,
  );
  for (let size = 3; size <= 25; size += 1)
    await expect(
      requireContinuation(await rewritten(25).head(size), await log.head(), log.reader),
    ).rejects.toThrow(conflict);
});
