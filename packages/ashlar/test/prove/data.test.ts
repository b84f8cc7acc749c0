import { Database } from 'ashlar';
import { type Engine, openEngine, type RunSql } from 'ashlar/extend';
import { type DataPosition, findingsOf, proveData } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach, type Place, sqlOf } from '../../../../test/support/engines.js';
import { createFoundation } from '../../src/engines/foundation.js';
import { checksOf } from '../../src/prove/data/checks.js';
import { columnKeys } from '../encryption/support.js';
import { every, type Plant, plants, writeAll } from './data-plants.js';

const { engines } = oneOfEach(import.meta.url);

describe.each(engines)('the rows of a database on $name', (engine) => {
  const dialect = sqlOf(engine);
  const own = plants.filter(({ only = dialect }) => only === dialect);
  let place: Place;
  let owner: Engine;
  beforeAll(async () => {
    place = await engine.place();
    owner = await openEngine({ url: place.url, key: place.key });
    await owner.asOwner(async (connection) => {
      await createFoundation(connection, owner.dialect);
      for (const statement of owner.dialect.createTables(Object.values(every.tables)))
        await connection.script(statement);
    });
    await writeAll(new Database(owner, every, { columnKeys: columnKeys(), maintain: false }));
    await owner.seal();
  });
  afterAll(async () => {
    await owner.close();
    await place.remove();
  });

  it('are sound', async () => {
    const report = await proveData(owner, every, { batch: 2 });
    expect(findingsOf(report)).toEqual([]);
    expect(report).toMatchObject({ ok: true, complete: true });
    expect(report.rows).toBeGreaterThan(40);
  });

  /** Calls `work` with the database as its owner sees it in a transaction in which nothing refused the bad row; undoes it all. */
  const planted = (plant: Plant, work: (seen: Engine) => Promise<void>): Promise<void> =>
    owner.asOwner(async ({ run, atomically }) => {
      const undo = new Error('undo');
      const settings = (value: 'ON' | 'OFF') =>
        dialect === 'sqlite'
          ? [
              `PRAGMA foreign_keys = ${value}`,
              `PRAGMA ignore_check_constraints = ${value === 'ON' ? 'OFF' : 'ON'}`,
            ]
          : [value === 'ON' ? 'RESET session_replication_role' : 'SET session_replication_role = replica'];
      for (const sql of settings('OFF')) await run(sql);
      try {
        await atomically(async () => {
          await withoutTriggers(run);
          for (const sql of plant.sql(dialect)) await run(sql);
          await work(seenBy(run));
          throw undo;
        });
      } catch (error) {
        if (error !== undo) throw error;
      } finally {
        for (const sql of settings('ON')) await run(sql);
      }
    });

  const withoutTriggers = async (run: RunSql): Promise<void> => {
    const triggers = await run(
      dialect === 'sqlite'
        ? "SELECT name, NULL AS of FROM sqlite_schema WHERE type = 'trigger'"
        : "SELECT t.tgname AS name, c.relname AS of FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgenabled = 'A' AND t.tgparentid = 0",
    );
    for (const { name, of } of triggers)
      await run(
        dialect === 'sqlite' ? `DROP TRIGGER "${name}"` : `ALTER TABLE "${of}" DISABLE TRIGGER "${name}"`,
      );
  };

  /** The engine whose transactions are parts of the open one, so that they see what it did not commit. */
  const seenBy = (run: RunSql): Engine =>
    ({
      dialect: owner.dialect,
      register: () => undefined,
      seal: async () => undefined,
      asOwner: (work: (connection: { run: RunSql }) => unknown) => work({ run }),
      begin: () => ({
        execute: async (sql: string, parameters: readonly unknown[]) => ({
          rows: await run(sql, parameters),
        }),
        savepoint: (name: string) => run(`SAVEPOINT ${name}`),
        rollbackTo: (name: string) => run(`ROLLBACK TO SAVEPOINT ${name}`),
        release: (name: string) => run(`RELEASE SAVEPOINT ${name}`),
        rollback: () => undefined,
      }),
    }) as unknown as Engine;

  it.each(own)('$name is named with its key', async (plant) => {
    await planted(plant, async (seen) => {
      for (const batch of [1, 3, 2_000]) {
        const report = await proveData(seen, every, { batch });
        expect(report.ok).toBe(false);
        const { of, guarantee, what, also = [] } = plant;
        const found = report.findings.filter(
          (one) => one.table === of && one.guarantee === guarantee && what.test(one.what),
        );
        expect(found, findingsOf(report).join('\n')).toHaveLength(1);
        expect(
          found[0]?.keys.some((key) => plant.key.test(key)),
          found[0]?.keys.join(),
        ).toBe(true);
        const others = report.findings.filter(
          (one) => one !== found[0] && !also.includes(`${one.table}, ${one.guarantee}`),
        );
        expect(others).toEqual([]);
      }
    });
  });

  it('of every guarantee are checked, and each kind of check names a bad row', () => {
    const kinds = checksOf(every, owner.dialect).flatMap(({ checks }) =>
      checks.map((check) => check.guarantee),
    );
    expect(new Set(own.map(({ guarantee }) => guarantee))).toEqual(new Set(kinds));
    const lacking = Object.values(every.tables).flatMap(({ guarantees }) =>
      guarantees.flatMap(({ name, data }) => (data ? [] : [name])),
    );
    // of the last three a row tells nothing: trails are checked with what they record, ledgers by their verification
    expect(new Set(lacking)).toEqual(new Set(['trail', 'append-only', 'partitioned']));
  });

  it('can be read in parts: the report of all parts is that of one', async () => {
    const [plant] = own;
    if (!plant) return expect.unreachable();
    await planted(plant, async (seen) => {
      const whole = await proveData(seen, every);
      let position: DataPosition | undefined;
      let parts = 0;
      for (;;) {
        const stop = new AbortController();
        const report = await proveData(seen, every, {
          batch: 2,
          signal: stop.signal,
          from: position && JSON.parse(JSON.stringify(position)),
          onBatch: () => stop.abort(),
        });
        position = report.position;
        parts++;
        if (!report.complete) continue;
        expect({ ...report, position: null }).toEqual({ ...whole, position: null });
        break;
      }
      expect(parts).toBeGreaterThan(20);
    });
    const other: DataPosition = {
      form: 'ashlar/data-position/v1',
      system: 'other',
      read: {},
      done: [],
      findings: [],
    };
    await expect(proveData(owner, every, { from: other })).rejects.toMatchObject({ code: 'usage' });
  });

  it('are estimated before they are read', async () => {
    let rows = 0;
    let read = 0;
    const report = await proveData(owner, every, {
      onEstimate: (estimate) => {
        expect(estimate).toHaveLength(Object.keys(every.tables).length);
        expect(read).toBe(0);
        for (const each of estimate) rows += each.rows;
      },
      onBatch: () => {
        read++;
      },
    });
    expect(report.ok).toBe(true);
    if (dialect === 'sqlite') expect(rows).toBe(report.rows);
    else expect(rows).toBeGreaterThan(0);
  });
});
