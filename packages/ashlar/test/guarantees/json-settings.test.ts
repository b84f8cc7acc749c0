import { bytes, connect, decimal, id, inet, json, system, table, timestamp } from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered } from 'ashlar/guarantees';
import { newStep, up } from 'ashlar/migrations';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { proveLedgers } from '../../src/prove/ledgers.js';
import { makeFolder } from '../migrations/folder.js';

const { withRoles } = oneOfEach(import.meta.url);

const changes = auditTrail('changes');
/** A column of each kind. */
const values = table(
  'values_of_all_kinds',
  {
    id: id(),
    real: z.number(),
    whole: z.int(),
    big: z.bigint(),
    amount: decimal(18, 4),
    yes: z.boolean(),
    at: timestamp(),
    day: z.iso.date(),
    from: inet(),
    raw: bytes(),
    any: json(z.unknown()),
    words: z.string(),
  },
  () => [audited({ into: changes }), appendOnly(), ledgered()],
);

/** Settings by which PostgreSQL writes values in another form, each with a value that is not Ashlar's. */
const settings = {
  extra_float_digits: '-15',
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  xmlbinary: 'hex',
  lc_monetary: 'C',
};

describe.each(withRoles)('what triggers write as JSON on $name', (engine) => {
  test.each(Object.entries(settings))('does not depend on %s', async (name, value) => {
    const folder = await makeFolder();
    const all = system('kinds', { tables: { changes, values }, migrations: folder.url });
    await newStep(all, folder.url, 'initial');
    const place = await engine.place();
    const db = await connect(all, { url: place.url, migrations: 'ignore', allowOwner: true });
    try {
      await up(db.engine, all);
      const row = {
        real: 0.1 + 0.2,
        whole: -7,
        big: 2n ** 62n,
        amount: '1234567890.0500',
        yes: true,
        at: '2026-03-04T23:59:59.123Z',
        day: '2026-03-04',
        from: '::102:304',
        raw: new Uint8Array([0, 92, 128, 255]),
        any: { n: 0.30000000000000004, t: '\\x' },
        words: "\\ ' é",
      };
      const written = (before: string | undefined) =>
        db.session({ actor: 'user:x' }, async (s) => {
          if (before !== undefined) await sql.raw(before).execute(s.query);
          // without reading the row back, which such a session could not
          await s.insertMany(values, [row]);
        });
      await written(undefined);
      await written(`SELECT set_config('${name}', '${value}', true)`);
      const lines = await db.engine.asOwner((owner) => owner.run('SELECT after FROM changes ORDER BY id'));
      const [usual, other] = lines.map(({ after }) => ({ ...(after as Record<string, unknown>), id: '' }));
      expect(usual).toMatchObject({ real: 0.30000000000000004, raw: '005c80ff' });
      expect(other).toEqual(usual);
      await db.engine.seal();
      expect(await proveLedgers(db.engine, all, undefined)).toMatchObject([{ size: 2, ok: true }]);
    } finally {
      await db.close();
      await place.remove();
      await folder.remove();
    }
  });
});
