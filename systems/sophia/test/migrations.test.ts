import { readFile } from 'node:fs/promises';
import {
  addVoiceMaterial,
  clientActions,
  enrichmentsOf,
  eraseClient,
  findClient,
  recordKnowledge,
  sophia,
} from '@ashlar/sophia';
import { connect, everyScope } from 'ashlar';
import type { SqlName } from 'ashlar/extend';
import { checkMigrations as check, down, dumpSchema, up } from 'ashlar/migrations';
import { sql } from 'ashlar/query';
import { describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { columnKeys, openSophia } from './support.js';

const folder = new URL('../', import.meta.url);

describe.each<SqlName>(['sqlite', 'postgres'])('the migrations of sophia for %s', (name) => {
  it('create the declared tables', async () => {
    await expect(check(sophia, name)).resolves.toBeUndefined();
  });

  it('create the schema of the committed dump', async () => {
    const committed = await readFile(new URL(`schema.${name}.sql`, folder), 'utf8');
    expect(await dumpSchema(sophia, name)).toBe(committed);
  });
});

describe.each(engines)('the migrations of sophia on $name', (engine) => {
  it('have no effect when run again, and run down and up again with rows in the tables', async () => {
    const open = await openSophia(engine);
    try {
      const { db } = open;
      const use = async () => {
        const { id } = await open.client();
        return open.operate(async (s) => {
          await recordKnowledge(s, { category: 'x', content: 'Short words are read.' });
          const { profile } = await addVoiceMaterial(s, {
            client_id: id,
            source_type: 'post',
            content: 'A text.',
          });
          return profile.sample_count;
        });
      };
      expect(await use()).toBe(1);
      expect(await up(db.engine, sophia)).toEqual([]);
      expect(await use()).toBe(1);
      expect(await down(db.engine, sophia, { to: 'base', destroy: true })).toMatchObject([
        { step: '0009_erased_clients_stay_erased' },
        { step: '0008_folded_name_keys' },
        { step: '0007_name_keys_required' },
        { step: '0006_name_keys' },
        { step: '0005_contents_under_client_keys' },
        { step: '0004_recorded_retirements' },
        { step: '0003_authenticated_context' },
        { step: '0002_generated_columns' },
        { step: '0001_initial' },
      ]);
      await expect(use()).rejects.toThrow();
      expect(await up(db.engine, sophia)).toMatchObject([
        { step: '0001_initial' },
        { step: '0002_generated_columns' },
        { step: '0003_authenticated_context' },
        { step: '0004_recorded_retirements' },
        { step: '0005_contents_under_client_keys' },
        { step: '0006_name_keys' },
        { step: '0007_name_keys_required' },
        { step: '0008_folded_name_keys' },
        { step: '0009_erased_clients_stay_erased' },
      ]);
      expect(await use()).toBe(1);
    } finally {
      await open.remove();
    }
  });

  it('bring the rows of a release before along: names get their keys, and early records can still be read', async () => {
    const place = await engine.place();
    const db = await connect(sophia, { url: place.url, key: place.key, columnKeys, migrations: 'ignore' });
    try {
      await up(db.engine, sophia, { to: '0004_recorded_retirements' });
      const id = '01890000-0000-7000-8000-000000000001';
      const json = (value: unknown) => `'${JSON.stringify(value)}'`;
      // as the services of that release wrote them
      await db.session({ scope: everyScope }, async (s) => {
        const rows = [
          `INSERT INTO clients (id, name, industry) VALUES ('${id}', 'Ｈarbour STRASSE', 'Retail')`,
          `INSERT INTO audit_log (id, client_id, action, after_snapshot) VALUES ('${id}', '${id}', 'client.created', ${json({ name: 'Ｈarbour STRASSE' })})`,
          `INSERT INTO enrichment_log (id, client_id, field_name, new_value, source) VALUES ('${id}', '${id}', 'industry', ${json('Retail')}, 'web')`,
        ];
        for (const row of rows) await sql.raw(row).execute(s.query);
      });
      await up(db.engine, sophia);
      const operator = { scope: everyScope };
      expect(await db.read(operator, (s) => findClient(s, 'harbour straße'))).toMatchObject({ id });
      expect(await db.read(operator, (s) => clientActions(s, id))).toMatchObject([
        { after_snapshot: { name: 'Ｈarbour STRASSE' } },
      ]);
      expect(await db.read(operator, (s) => enrichmentsOf(s, id))).toMatchObject([{ source: 'web' }]);
      const { stays } = await eraseClient(db, id);
      const clear = stays.filter(({ where }) => where.endsWith('in the clear'));
      expect(clear.map(({ rows }) => rows)).toEqual([1, 1, 1]);
    } finally {
      await db.close();
      await place.remove();
    }
  });
});
