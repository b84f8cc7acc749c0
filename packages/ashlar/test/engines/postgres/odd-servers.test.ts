import { randomBytes } from 'node:crypto';
import { id, system, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { appendOnly } from 'ashlar/guarantees';
import { up } from 'ashlar/migrations';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { asAdmin, server } from '../../../../../test/support/engines.js';
import { fingerprintThrough } from '../../../src/prove/fingerprint.js';
import { makeFolder } from '../../migrations/folder.js';

const at = (name: string): string => {
  const url = new URL(inject('postgresUrl'));
  return `${url.protocol}//${url.username}${url.password ? `:${url.password}` : ''}@${url.host}/${encodeURIComponent(name)}`;
};

const withDatabase = async (name: string, work: (url: string) => Promise<void>): Promise<void> => {
  await asAdmin(`CREATE DATABASE "${name}"`);
  try {
    await work(at(name));
  } finally {
    await asAdmin(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  }
};

describe.each(server)('on $name', () => {
  test.each(['#', '&', '?', '/', '@', '%', ' ', '=', ':', '#&?/@%41 ü'])(
    'a database with %s in its name is opened by its URL, as owner and for sessions',
    async (character) => {
      const name = `a${character}b_${randomBytes(6).toString('hex')}`;
      await withDatabase(name, async (url) => {
        const engine = await openEngine({ url });
        try {
          const query = 'SELECT current_database()::text AS name';
          expect((await engine.read(query, [])).rows).toEqual([{ name }]);
          expect(await engine.asOwner(({ run }) => run(query))).toEqual([{ name }]);
        } finally {
          await engine.close();
        }
      });
    },
  );

  test('a setting of the database that changes the texts of its catalogue changes no fingerprint', async () => {
    const folder = await makeFolder();
    const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly()]);
    const shop = system('shop', { tables: { notes }, migrations: folder.url });
    const name = `quoted_${randomBytes(6).toString('hex')}`;
    await withDatabase(name, async (url) => {
      const opened = async <T>(work: (engine: Engine) => Promise<T>): Promise<T> => {
        const engine = await openEngine({ url });
        try {
          return await work(engine);
        } finally {
          await engine.close();
        }
      };
      const fingerprint = () =>
        opened((engine) => engine.asOwner((owner) => fingerprintThrough(engine, owner, shop)));
      await opened(async (engine) => {
        const statements = engine.dialect.createTable(notes);
        await folder.write({
          '0001_initial/up.postgres.sql': statements.map((sql) => `${sql};\n`).join('\n'),
        });
        await up(engine, shop);
      });
      const before = await fingerprint();
      await asAdmin(`ALTER DATABASE "${name}" SET quote_all_identifiers = on`);
      expect(await fingerprint()).toBe(before);
    });
    await folder.remove();
  });
});
