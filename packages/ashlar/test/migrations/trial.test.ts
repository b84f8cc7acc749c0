import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import type { Owner } from '../../src/contract/owner.js';
import type { SqlName } from '../../src/contract/sql.js';
import { openEngine } from '../../src/engines/open.js';
import {
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  ledgered,
  lifecycle,
  partitioned,
  scoped,
} from '../../src/guarantees/index.js';
import { checkMigrations, down, drift, newStep, up } from '../../src/migrations/index.js';
import {
  autoincrement,
  bigint,
  bytes,
  check,
  ciphertext,
  createdAt,
  id,
  index,
  primaryKey,
  references,
  type Table,
  table,
  timestamp,
  unique,
} from '../../src/model/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

// tables of several types of columns in one list
const shop = (...tables: readonly unknown[]): System =>
  system('shop', {
    tables: Object.fromEntries((tables as Table[]).map((each) => [each.name, each])),
    migrations: new URL('migrations/', folder.url),
  });

const write = async (model: System, name: string, options: Parameters<typeof newStep>[3] = {}) => {
  const step = await newStep(model, model.migrations, name, { decide: async () => undefined, ...options });
  if (!step) throw new TypeError('nothing was written');
  return { ...step, read: (file: string) => readFile(join(step.folder, file), 'utf8') };
};

const written = () => readdir(join(folder.path, 'migrations')).catch(() => []);

const both: readonly SqlName[] = ['sqlite', 'postgres'];

// triggers of a scope ask in a transaction of the owner only
const inTransaction = (engine: Engine, work: (owner: Owner) => Promise<unknown>) =>
  engine.asOwner((owner) => owner.atomically(() => work(owner)));

describe.each(engines)('a step that converts columns on $name', ({ place: newPlace }) => {
  test('takes along keys at both ends, CHECKs, indexes, policies, triggers, defaults and the identity', async () => {
    const before = (() => {
      const teams = table('teams', { id: z.string(), above: z.string().nullable() }, (c) => [
        primaryKey(c.id),
        references(c.above, c.id),
      ]);
      const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
      const members = table(
        'members',
        {
          id: autoincrement(),
          team: z.string(),
          size: z.int().default(1),
          state: z.enum(['open', 'done']).default('open'),
          born: z.iso.date(),
          note: z.string().nullable(),
        },
        (c) => [
          references(c.team, teams.columns.id, { onDelete: 'cascade' }),
          scoped(c.team),
          index(c.size, { where: 'size IS NOT NULL' }),
          unique(c.team, c.born),
          check('members_born', 'born IS NOT NULL AND size IS NOT NULL'),
          lifecycle(c.state, { open: ['done'], done: [] }, { initial: 'open' }),
          audited({ into: trail }),
        ],
      );
      const gone = table('gone', { id: id(), team: z.string() }, (c) => [
        references(c.team, teams.columns.id),
      ]);
      return shop(teams, trail, members, gone);
    })();
    const after = (() => {
      const teams = table('teams', { id: z.uuid(), above: z.uuid().nullable() }, (c) => [
        primaryKey(c.id),
        references(c.above, c.id),
      ]);
      const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
      const members = table(
        'members',
        {
          id: z.string(),
          team: z.uuid(),
          size: z.string().default('7'),
          state: z.enum(['open', 'done', 'lost']).default('open'),
          born: timestamp(),
          note: z.string().nullable(),
        },
        (c) => [
          primaryKey(c.id),
          references(c.team, teams.columns.id, { onDelete: 'cascade' }),
          scoped(c.team),
          index(c.size, { where: 'size IS NOT NULL' }),
          unique(c.team, c.born),
          check('members_born', 'born IS NOT NULL AND size IS NOT NULL'),
          lifecycle(c.state, { open: ['done', 'lost'], done: [], lost: [] }, { initial: 'open' }),
          audited({ into: trail }),
        ],
      );
      const fresh = table('fresh', { id: id(), team: z.uuid() }, (c) => [
        references(c.team, teams.columns.id),
      ]);
      return shop(teams, trail, members, fresh);
    })();
    await write(before, 'initial');
    const step = await write(after, 'changed');
    for (const dialect of both) {
      await checkMigrations(after, dialect);
      expect(await step.read(`up.${dialect}.sql`)).not.toContain('without rows');
    }
    const place = await newPlace();
    const engine = await openEngine({ url: place.url, key: place.key });
    try {
      const team = '018f0000-0000-7000-8000-000000000001';
      await up(engine, before, { to: '1' });
      await inTransaction(engine, async (owner) => {
        await owner.run(`INSERT INTO teams (id, above) VALUES ('${team}', '${team}')`);
        await owner.run(`INSERT INTO members (team, born) VALUES ('${team}', '2024-02-29')`);
        await owner.run(`INSERT INTO members (team, size, born) VALUES ('${team}', -5, '2023-02-28')`);
      });
      const members = () =>
        engine.asOwner((owner) => owner.run('SELECT id, team, size, state, born FROM members ORDER BY born'));
      const rows = await members();
      await up(engine, after);
      expect(await drift(engine, after)).toEqual([]);
      expect(await members()).toEqual([
        { id: '2', team, size: '-5', state: 'open', born: '2023-02-28T00:00:00.000Z' },
        { id: '1', team, size: '1', state: 'open', born: '2024-02-29T00:00:00.000Z' },
      ]);
      await down(engine, after, { to: '1' });
      expect(await drift(engine, after)).toEqual([]);
      expect(await members()).toEqual(rows);
      // the identity goes on after its last number
      await inTransaction(engine, (owner) =>
        owner.run(`INSERT INTO members (team, born) VALUES ('${team}', '2025-01-01')`),
      );
      expect((await members()).at(-1)).toMatchObject({ id: 3 });
      await up(engine, after);
    } finally {
      await engine.close();
      await place.remove();
    }
  });
});

describe('a change that no generated step makes is refused before anything is written', () => {
  const notes = (type: z.ZodType) => table('notes', { id: id(), v: type }) as unknown as Table;
  const keys = keyring('keys');
  const secret = (type: z.ZodType) =>
    table('notes', { id: id(), owner: z.uuid(), other: ciphertext(z.string()), v: type }, (c) => [
      encrypted({ scope: c.owner, keys }),
    ]);
  const sealed = (type: z.ZodType) => table('notes', { id: id(), v: type }, () => [appendOnly(), ledgered()]);
  const linked = (one: z.ZodType, other: z.ZodType) => {
    const teams = table('teams', { id: one, note: z.string() }, (c) => [primaryKey(c.id)]);
    const members = table('members', { id: id(), team: other }, (c) => [
      references(c.team as never, teams.columns.id as never),
    ]);
    return [teams, members];
  };
  const parts = (type: ReturnType<typeof createdAt>) =>
    table('events', { id: z.uuid(), at: type }, (c) => [
      primaryKey(c.at, c.id),
      appendOnly(),
      partitioned(c.at, { by: 'month' }),
    ]);
  test.each([
    ['a text to JSON', [notes(z.string())], [notes(z.object({ a: z.string() }))], 'conversion-unknown'],
    ['a text to bytes', [notes(z.string())], [notes(bytes())], 'conversion-unknown'],
    ['a text to a real', [notes(z.string())], [notes(z.number())], 'conversion-unknown'],
    [
      'a text to an encrypted text',
      [keys, secret(z.string())],
      [keys, secret(ciphertext(z.string()))],
      'conversion-unknown',
    ],
    ['a sealed column', [sealed(z.string())], [sealed(z.int())], 'conversion-sealed'],
    [
      'one end of a foreign key',
      linked(z.string(), z.string()),
      linked(z.uuid(), z.string()),
      'conversion-blocked',
    ],
    ['the other end', linked(z.string(), z.string()), linked(z.string(), z.uuid()), 'conversion-blocked'],
  ] as const)('%s', async (_, before, after, code) => {
    await write(shop(...before), 'initial');
    const facts = { table: expect.any(String), columns: [expect.any(String)] };
    await expect(write(shop(...after), 'changed')).rejects.toMatchObject({ code, facts });
    expect(await written()).toEqual(['0001_initial']);
  });

  test('but a bigint and an integer may be the ends of one', async () => {
    await write(shop(...linked(z.int(), z.int())), 'initial');
    await write(shop(...linked(bigint(), z.int())), 'changed');
    await write(shop(...linked(bigint(), bigint())), 'both');
    await write(shop(...linked(z.int(), bigint())), 'back');
    expect(await written()).toEqual(['0001_initial', '0002_changed', '0003_both', '0004_back']);
  });

  test('a column of a partition key', async () => {
    await write(shop(parts(createdAt())), 'initial');
    await expect(write(shop(parts(createdAt({ precision: 6 }))), 'changed')).rejects.toMatchObject({
      code: 'conversion-blocked',
    });
    expect(await written()).toEqual(['0001_initial']);
  });
});

describe('the trial of a step', () => {
  const clauses = (weight: z.ZodType, title: z.ZodType = z.string()) =>
    table('clauses', { id: id(), title, weight }) as unknown as Table;

  test.each(both)(
    'fails where an object that a step made by hand names a converted column (%s)',
    async (dialect) => {
      await write(shop(clauses(z.int())), 'initial');
      await folder.write({
        'migrations/0002_view/up.postgres.sql': 'SELECT 1;',
        'migrations/0002_view/up.sqlite.sql': 'SELECT 1;',
        [`migrations/0002_view/up.${dialect}.sql`]: 'CREATE VIEW weights AS SELECT weight FROM clauses;',
      });
      await expect(write(shop(clauses(z.string())), 'changed')).rejects.toMatchObject({
        code: 'conversion-blocked',
        message: expect.stringContaining('view weights'),
        facts: { table: 'clauses', columns: ['weight'] },
      });
      expect(await written()).toEqual(['0001_initial', '0002_view']);
    },
  );

  test('fails where no sample row fits a table whose column changes its kind', async () => {
    await write(shop(clauses(z.enum(['light', 'heavy']))), 'initial');
    await expect(write(shop(clauses(z.int())), 'changed')).rejects.toMatchObject({
      code: 'migration-untested',
      facts: { table: 'clauses', columns: ['weight'] },
    });
    expect(await written()).toEqual(['0001_initial']);
    // with a value that is one of both kinds there is a row
    await folder.drop('migrations/0001_initial');
    await write(shop(clauses(z.enum(['light', '1']))), 'initial');
    await write(shop(clauses(z.int())), 'changed');
  });

  test('names another table that accepts no sample', async () => {
    const odd = (title: z.ZodType) => {
      const made = table('odd', { id: id(), title, code: z.string() }, (c) => [
        check('odd_code', `${c.code.name} = '*#*'`),
      ]);
      return made as unknown as Table;
    };
    await write(shop(odd(z.string())), 'initial');
    const step = await write(shop(odd(z.string().max(80))), 'shorter');
    for (const dialect of both)
      expect(await step.read(`up.${dialect}.sql`)).toContain('-- tried without rows: odd\n');
  });

  test('a table takes rows from the probes of its system', async () => {
    const odd = (title: z.ZodType) =>
      system('shop', {
        tables: {
          odd: table('odd', { id: id(), title, code: z.string() }, () => [check('odd_code', "code = '*#*'")]),
        },
        migrations: new URL('migrations/', folder.url),
        probes: { odd: [{ code: '*#*' }] },
      }) as unknown as System;
    await write(odd(z.string()), 'initial');
    const step = await write(odd(z.int()), 'numbers');
    for (const dialect of both) expect(await step.read(`up.${dialect}.sql`)).not.toContain('without rows');
  });
});
