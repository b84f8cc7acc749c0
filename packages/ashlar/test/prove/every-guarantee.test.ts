import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Table } from 'ashlar';
import { failuresOf, type ProveReport, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import {
  checkpointLedger,
  folderOf,
  type OpenLedger,
  originOf,
  verifyLedger,
} from '../../src/ledger/database/checkpoints.js';
import { newSigner, type Verifier } from '../../src/ledger/index.js';
import { proveLedgers } from '../../src/prove/ledgers.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from './every-folder.js';
import { asSystem, fill, writeMore } from './every-guarantee.js';
import { postgresEverySabotages, sqliteEverySabotages } from './every-sabotages.js';
import { copyLedger, dropCopies, ledgerSabotages, restoreCopy, withoutTriggers } from './ledger-sabotages.js';
import { undoSabotage } from './sabotages.js';
import { contents, type InitialisedDatabase, initialise } from './support.js';

const { engines, withRoles } = oneOfEach(import.meta.url);

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

describe.each(withRoles)('trigger functions that run as the owner, on $name', (engine) => {
  it('serve their own table only, even for a role that may call them; prove tries each', async () => {
    const database = await initialise(engine, asSystem(folder.url));
    const found = await database.run(
      "SELECT proname::text AS name FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prosecdef AND prorettype = 'trigger'::regtype ORDER BY 1",
    );
    const names = found.map(({ name }) => String(name));
    expect(names.length).toBeGreaterThan(10);
    const forging = (name: string) =>
      database.engine.asOwner((owner) =>
        owner.atomically(async () => {
          await owner.script('CREATE TEMP TABLE forging (row_key text)');
          await owner.script(
            `CREATE TRIGGER forging BEFORE INSERT ON forging FOR EACH ROW EXECUTE FUNCTION ${name}()`,
          );
          await owner.run("INSERT INTO forging VALUES ('x')");
        }),
      );
    for (const name of names)
      await expect(forging(name), name).rejects.toMatchObject({
        code: 'privilege-missing',
        cause: expect.objectContaining({ message: expect.stringContaining(`may call ${name}`) }),
      });
    const report = await database.prove();
    const tried = report.tables.flatMap(({ attacks }) => attacks.map(({ name }) => name));
    for (const name of names)
      expect(tried).toEqual(
        expect.arrayContaining([
          `the function ${name} on a temporary table`,
          `the function ${name} on a temporary table, by the owner`,
        ]),
      );
    await database.run(`GRANT EXECUTE ON FUNCTION ${names[0]}() TO PUBLIC`);
    expect(await database.failures()).toContain(
      `the function ${names[0]} on a temporary table: was not refused`,
    );
    // a function that no longer looks at the table
    await database.run(`CREATE OR REPLACE FUNCTION ${names[0]}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      AS $$BEGIN RETURN NEW; END$$`);
    expect(await database.failures()).toContain(
      `the function ${names[0]} on a temporary table, by the owner: was not refused`,
    );
    await database.close();
  });
});

describe.each(engines)('a system with every guarantee on $name', (engine) => {
  let database: InitialisedDatabase;
  beforeAll(async () => {
    database = await initialise(engine, asSystem(folder.url));
  });
  afterAll(() => database.close());

  const expectNoFailure = (report: ProveReport): void => {
    expect(failuresOf(report)).toEqual([]);
    expect(report.ok).toBe(true);
    for (const { table, guarantee, attacks } of report.tables)
      expect(attacks.length, `${table} ${guarantee}`).toBeGreaterThan(0);
  };

  it('prove reports no failure for empty tables and changes nothing', async () => {
    const before = await contents(database);
    const report = await database.prove();
    expectNoFailure(report);
    // the guarantees, and the constraints of each table
    expect(new Set(report.tables.map(({ guarantee }) => guarantee)).size).toBe(13);
    expect(report.ledgers).toMatchObject([
      { ledger: 'every/trail', size: 0, ok: true },
      { ledger: 'every/letters', size: 0, ok: true },
    ]);
    expect(await contents(database)).toEqual(before);
  });

  it('prove reports no failure for tables with rows of two scopes and changes nothing', async () => {
    await fill(database.engine, folder.url);
    const before = await contents(database);
    const report = await database.prove();
    expectNoFailure(report);
    expect(report.ledgers).toMatchObject([
      { ledger: 'every/trail', ok: true },
      { ledger: 'every/letters', size: 6, checked: 6, ok: true },
    ]);
    expect(await contents(database)).toEqual(before);
  });

  describe('with a changed ledger', () => {
    let ledger: OpenLedger;
    let checkpoints: { folder: string; verifiers: readonly Verifier[] };
    const found = async (): Promise<string> =>
      (await proveLedgers(database.engine, database.system, checkpoints))
        .flatMap(({ ledger: name, found: lines }) => lines.map((line) => `ledger ${name}: ${line}`))
        .join('\n');

    beforeAll(async () => {
      const { engine: opened, system } = database;
      await copyLedger(opened, 'older');
      await writeMore(opened, folder.url);
      await copyLedger(opened, 'kept');
      const signer = newSigner('every');
      checkpoints = {
        folder: join(folder.path, '..', `${basename(folder.path)}-${engine.name}`),
        verifiers: [signer],
      };
      const table = system.tables.letters as Table;
      ledger = {
        engine: opened,
        system,
        table,
        origin: originOf(system, table),
        checkpoints: folderOf(checkpoints.folder, system, table),
        signer,
        verifiers: [signer],
      };
      expect(await checkpointLedger(ledger)).toMatchObject({ size: 9 });
    });
    afterAll(async () => {
      await dropCopies(database.engine, ['older', 'kept']);
      await rm(checkpoints.folder, { recursive: true });
    });

    it.each(ledgerSabotages)('$name', async ({ sql, named, openly }) => {
      const statements = sql(sqlOf(engine));
      if (openly) {
        await database.engine.asOwner((owner) =>
          owner.atomically(async () => {
            for (const statement of statements) await owner.run(statement);
          }),
        );
      } else await withoutTriggers(database.engine, statements);
      try {
        expect(await found()).toMatch(named);
      } finally {
        await restoreCopy(database.engine, 'kept');
      }
      expect(await found()).toBe('');
    });

    it('only a checkpoint reveals a rollback of the whole ledger', async () => {
      await restoreCopy(database.engine, 'older');
      const [, alone] = await proveLedgers(database.engine, database.system, undefined);
      expect(alone).toMatchObject({ ok: true, size: 6 });
      const report = await prove(database.engine, database.system, { checkpoints });
      expect(report.ok).toBe(false);
      expect(failuresOf(report).join('\n')).toMatch(/^ledger every\/letters: .*9\.checkpoint/m);
      await restoreCopy(database.engine, 'kept');
    });

    it('an edited checkpoint and a checkpoint of another signer are reported', async () => {
      const file = join(ledger.checkpoints ?? '', '9.checkpoint');
      const note = await readFile(file, 'utf8');
      await writeFile(file, note.replace('\n9\n', '\n8\n'));
      expect(await found()).toMatch(
        /could not be verified: .*9\.checkpoint|could not be verified: .*signature/,
      );
      await expect(verifyLedger(ledger)).rejects.toMatchObject({ code: 'signature-invalid' });
      await writeFile(file, note);
      expect(await found()).toBe('');
      const others = await proveLedgers(database.engine, database.system, {
        ...checkpoints,
        verifiers: [newSigner('others')],
      });
      expect(others[1]?.ok).toBe(false);
    });
  });

  describe('with many simultaneous sabotages', () => {
    const sabotages = sqlOf(engine) === 'sqlite' ? sqliteEverySabotages : postgresEverySabotages;
    let failures: string;
    beforeAll(async () => {
      for (const { sql } of sabotages) for (const statement of sql) await database.run(statement);
      failures = await database.failures();
      for (const sabotage of [...sabotages].reverse()) await undoSabotage(database, sabotage);
    });

    it.each(sabotages)('$name', ({ named }) => expect(failures).toMatch(named));

    it('reports nothing after everything is restored', async () => {
      expect(await database.failures()).toBe('');
    });
  });
});
