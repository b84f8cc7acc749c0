import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { failuresOf, newStep, type ProveReport, prove, type Table } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import {
  folderOf,
  type OpenLedger,
  originOf,
  signCheckpointOf,
  verifyLedgerOf,
} from '../../src/ledger/database/index.js';
import { newSigner, type Verifier } from '../../src/ledger/index.js';
import { proveLedgers } from '../../src/prove/ledgers.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { asSystem, fill, writeMore } from './every-guarantee.js';
import { postgresEverySabotages, sqliteEverySabotages } from './every-sabotages.js';
import { behindTheLedger, dropCopies, keepCopy, ledgerSabotages, putBack } from './ledger-sabotages.js';
import { putRight } from './sabotages.js';
import { bringUp, contents, type Proven } from './support.js';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(asSystem(folder.url), folder.url, 'initial');
});
afterAll(() => folder.remove());

describe.each(engines)('a system of every guarantee on $name', (engine) => {
  let proven: Proven;
  beforeAll(async () => {
    proven = await bringUp(engine, asSystem(folder.url));
  });
  afterAll(() => proven.close());

  const expectProven = (report: ProveReport): void => {
    expect(failuresOf(report)).toEqual([]);
    expect(report.ok).toBe(true);
    for (const { table, guarantee, attacks } of report.tables)
      expect(attacks.length, `${table} ${guarantee}`).toBeGreaterThan(0);
  };

  it('is proven while it is empty, and nothing is changed', async () => {
    const before = await contents(proven);
    const report = await proven.prove();
    expectProven(report);
    expect(new Set(report.tables.map(({ guarantee }) => guarantee)).size).toBe(12);
    expect(report.ledgers).toMatchObject([
      { ledger: 'every/trail', size: 0, ok: true },
      { ledger: 'every/letters', size: 0, ok: true },
    ]);
    expect(await contents(proven)).toEqual(before);
  });

  it('is proven with rows of two scopes in it, and nothing is changed', async () => {
    await fill(proven.engine, folder.url);
    const before = await contents(proven);
    const report = await proven.prove();
    expectProven(report);
    expect(report.ledgers).toMatchObject([
      { ledger: 'every/trail', ok: true },
      { ledger: 'every/letters', size: 6, checked: 6, ok: true },
    ]);
    expect(await contents(proven)).toEqual(before);
  });

  describe('with a ledger that was tampered with', () => {
    let audited: OpenLedger;
    let checkpoints: { folder: string; verifiers: readonly Verifier[] };
    const found = async (): Promise<string> =>
      (await proveLedgers(proven.engine, proven.system, checkpoints))
        .flatMap(({ ledger, found: lines }) => lines.map((line) => `ledger ${ledger}: ${line}`))
        .join('\n');

    beforeAll(async () => {
      const { engine: opened, system } = proven;
      await keepCopy(opened, 'older');
      await writeMore(opened, folder.url);
      await keepCopy(opened, 'kept');
      const signer = newSigner('every');
      checkpoints = {
        folder: join(folder.path, '..', `${basename(folder.path)}-${engine.name}`),
        verifiers: [signer],
      };
      const table = system.tables.letters as Table;
      audited = {
        engine: opened,
        system,
        table,
        origin: originOf(system, table),
        checkpoints: folderOf(checkpoints.folder, system, table),
        signer,
        verifiers: [signer],
      };
      expect(await signCheckpointOf(audited)).toMatchObject({ size: 9 });
    });
    afterAll(async () => {
      await dropCopies(proven.engine, ['older', 'kept']);
      await rm(checkpoints.folder, { recursive: true });
    });

    it.each(ledgerSabotages)('$name', async ({ sql, named, openly }) => {
      const statements = sql(sqlOf(engine));
      if (openly) {
        await proven.engine.asOwner((owner) =>
          owner.atomically(async () => {
            for (const statement of statements) await owner.run(statement);
          }),
        );
      } else await behindTheLedger(proven.engine, statements);
      try {
        expect(await found()).toMatch(named);
      } finally {
        await putBack(proven.engine, 'kept');
      }
      expect(await found()).toBe('');
    });

    it('only a checkpoint shows that the whole ledger was rolled back', async () => {
      await putBack(proven.engine, 'older');
      const [, alone] = await proveLedgers(proven.engine, proven.system, undefined);
      expect(alone).toMatchObject({ ok: true, size: 6 });
      const report = await prove(proven.engine, proven.system, { checkpoints });
      expect(report.ok).toBe(false);
      expect(failuresOf(report).join('\n')).toMatch(/^ledger every\/letters: .*9\.checkpoint/m);
      await putBack(proven.engine, 'kept');
    });

    it('an edited checkpoint, or one of another signer, is found', async () => {
      const file = join(audited.checkpoints ?? '', '9.checkpoint');
      const note = await readFile(file, 'utf8');
      await writeFile(file, note.replace('\n9\n', '\n8\n'));
      expect(await found()).toMatch(
        /could not be verified: .*9\.checkpoint|could not be verified: .*signature/,
      );
      await expect(verifyLedgerOf(audited)).rejects.toMatchObject({ code: 'signature-invalid' });
      await writeFile(file, note);
      expect(await found()).toBe('');
      const others = await proveLedgers(proven.engine, proven.system, {
        ...checkpoints,
        verifiers: [newSigner('others')],
      });
      expect(others[1]?.ok).toBe(false);
    });
  });

  describe('with many sabotages at once', () => {
    const sabotages = sqlOf(engine) === 'sqlite' ? sqliteEverySabotages : postgresEverySabotages;
    let failures: string;
    beforeAll(async () => {
      for (const { sql } of sabotages) for (const statement of sql) await proven.run(statement);
      failures = await proven.failures();
      for (const sabotage of [...sabotages].reverse()) await putRight(proven, sabotage);
    });

    it.each(sabotages)('$name', ({ named }) => expect(failures).toMatch(named));

    it('nothing is found once everything is restored', async () => {
      expect(await proven.failures()).toBe('');
    });
  });
});
