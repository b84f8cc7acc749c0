import {
  ciphertext,
  createdAt,
  id,
  primaryKey,
  references,
  system,
  type Table,
  table,
  timestamp,
  unique,
} from 'ashlar';
import type { ForeignKeyAction } from 'ashlar/extend';
import { appendOnly, encrypted, keyring, lifecycle, retained, scoped, versioned } from 'ashlar/guarantees';
import { type TestDatabase, testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { runWalk, type Walk, writeWalk } from '../migrations/walk.js';

const { engines } = oneOfEach(import.meta.url);

const actions: readonly ForeignKeyAction[] = ['no action', 'restrict', 'cascade', 'set null', 'set default'];
const code = z.string().max(20);

/** A pair of tables whose foreign key has an action; with `none`, which the default refers to, as a row or not. */
const pairOf = (option: 'onDelete' | 'onUpdate', action: ForeignKeyAction) => {
  const name = `${option}_${action.replace(' ', '_')}`.toLowerCase();
  const parents = table(`${name}_parents`, { id: id(), code }, (c) => [unique(c.code)]);
  const children = table(`${name}_children`, { id: id(), code: code.nullable().default('none') }, (c) => [
    references(c.code, parents.columns.code, { [option]: action }),
  ]);
  return { parents, children };
};

const pairs = (['onDelete', 'onUpdate'] as const).flatMap((option) =>
  actions.map((action) => [option, action, pairOf(option, action)] as const),
);
const tables = Object.fromEntries(
  pairs.flatMap(([, , { parents, children }]) => [
    [parents.name, parents as Table],
    [children.name, children as Table],
  ]),
);

/** What the child has after its parent was deleted, or has the code `new`; `refused` where the key refuses it. */
const outcomes: Readonly<
  Record<ForeignKeyAction, { readonly onDelete: unknown; readonly onUpdate: unknown }>
> = {
  'no action': { onDelete: 'refused', onUpdate: 'refused' },
  restrict: { onDelete: 'refused', onUpdate: 'refused' },
  cascade: { onDelete: [], onUpdate: [{ code: 'new' }] },
  'set null': { onDelete: [{ code: null }], onUpdate: [{ code: null }] },
  'set default': { onDelete: [{ code: 'none' }], onUpdate: [{ code: 'none' }] },
};

describe.each(engines)('an action of a foreign key on $name', (engine) => {
  let db: TestDatabase;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    const place = await engine.place();
    const shop = system('shop', { tables, migrations: new URL('file:///none/') });
    db = (await testDatabase(shop, {
      url: engine.name === 'postgres' ? place.url : engine.name,
    })) as TestDatabase;
    remove = () => db.close().finally(() => place.remove());
  });
  afterAll(() => remove());

  test.each(pairs)('%s: %s changes the rows that refer to the row', async (option, action, pair) => {
    const { parents, children } = pair;
    const query = (s: unknown) => (s as { query: never }).query as ReturnType<typeof untyped>;
    const facts = { table: children.name, columns: ['code'], constraint: `${children.name}_code_fkey` };
    const change = () =>
      db.session({}, async (s) => {
        const q = query(s);
        if (option === 'onDelete') await q.deleteFrom(parents.name).where('code', '=', 'old').execute();
        else await q.updateTable(parents.name).set({ code: 'new' }).where('code', '=', 'old').execute();
      });
    await db.session({}, async (s) => {
      await s.insert(parents as never, { code: 'old' } as never);
      await s.insert(children as never, { code: 'old' } as never);
    });
    // the default refers to no row yet
    if (action === 'set default')
      await expect(change()).rejects.toMatchObject({ code: 'foreign-key-violation', facts });
    await db.session({}, (s) => s.insert(parents as never, { code: 'none' } as never));
    const expected = outcomes[action][option];
    if (expected === 'refused')
      await expect(change()).rejects.toMatchObject({ code: 'foreign-key-violation', facts });
    else {
      await change();
      const rows = await db.session({}, (s) => query(s).selectFrom(children.name).select('code').execute());
      expect(rows).toEqual(expected);
    }
  });
});

interface Builder {
  where(column: string, operator: string, value: unknown): Builder;
  set(values: object): Builder;
  select(column: string): Builder;
  execute(): Promise<unknown[]>;
}
declare const untyped: () => {
  deleteFrom(name: string): Builder;
  updateTable(name: string): Builder;
  selectFrom(name: string): Builder;
};

describe('generated steps', () => {
  const teams = table('teams', { id: id(), lead_id: z.uuid(), code }, (c) => [
    unique(c.code),
    references(c.lead_id, () => people.columns.id, { deferrable: true }),
  ]);
  const people = table('people', { id: id(), team_id: z.uuid() }, (c) => [
    references(c.team_id, teams.columns.id, { deferrable: true, onDelete: 'cascade' }),
  ]);
  const notes = (options: Parameters<typeof references>[2]) =>
    table('notes', { id: id(), code: code.nullable() }, (c) => [
      references(c.code, teams.columns.code, options),
    ]);
  let walk: Walk;
  beforeAll(async () => {
    const written = { onDelete: 'cascade', onUpdate: 'cascade' } as const;
    walk = await writeWalk(
      { teams, people, notes: notes({}) },
      { teams, people, notes: notes(written) },
      { teams, people, notes: notes({ deferrable: true }) },
    );
  });
  afterAll(() => walk.remove());

  test.each(engines)('change the actions and keep the rows on $name', async (engine) => {
    const someId = (n: number) => `018f0000-0000-7000-8000-00000000000${n}`;
    await runWalk(engine, walk, async (db, step, way) => {
      if (step === 0 && way === 'up') {
        await db.session({}, async (s) => {
          await s.insert(teams, { id: someId(1), lead_id: someId(2), code: 'red' });
          await s.insert(people, { id: someId(2), team_id: someId(1) });
          await s.insert(notes({}), { id: someId(3), code: 'red' });
        });
      }
      const rename = (from: string, to: string) =>
        db.session({}, (s) =>
          (s.query as never as ReturnType<typeof untyped>)
            .updateTable('teams')
            .set({ code: to })
            .where('code', '=', from)
            .execute(),
        );
      if (step === 1 && way === 'up') await rename('red', 'blue');
      const code = step === 0 && way === 'up' ? 'red' : 'blue';
      expect(await db.get(notes({}), someId(3))).toEqual({ id: someId(3), code });
    });
  });
});

describe('a declaration', () => {
  const parents = table('parents', { id: id(), code, at: timestamp(), client_id: z.uuid() }, (c) => [
    unique(c.code),
    unique(c.at),
    unique(c.client_id),
    unique(c.client_id, c.code),
  ]);
  const to = parents.columns;
  const versions = { version: z.int32().min(1).default(1), is_current: z.boolean().default(true) };
  const setting = [
    { onDelete: 'set null' },
    { onDelete: 'set default' },
    { onUpdate: 'cascade' },
    { onUpdate: 'set null' },
    { onUpdate: 'set default' },
  ] as const;
  const status = z.enum(['open', 'closed']).default('open');
  type Options = Parameters<typeof references>[2];
  /** For each guarantee a table whose foreign key has a column that the guarantee freezes. */
  const frozen: Readonly<Record<string, (options: Options) => unknown>> = {
    'append-only': (options) =>
      table('one', { id: id(), code: code.nullable() }, (c) => [
        references(c.code, to.code, options),
        appendOnly(),
      ]),
    versioned: (options) =>
      table(
        'one',
        {
          id: id(),
          code: code.default('a'),
          parent: code.nullable(),
          previous: z.uuid().nullable(),
          ...versions,
        },
        (c) => [
          references(c.parent, to.code, options),
          versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous }),
        ],
      ),
    encrypted: (options) =>
      table('one', { id: id(), client: code.default('a'), body: ciphertext(z.string()) }, (c) => [
        references(c.client, to.code, options),
        encrypted({ scope: c.client, keys: keyring('keys') }),
      ]),
    retained: (options) =>
      table('one', { id: id(), at: timestamp().nullable() }, (c) => [
        references(c.at, to.at, options),
        retained(c.at, { for: { years: 1 }, reason: 'law' }),
      ]),
    lifecycle: (options) =>
      table('one', { id: id(), status }, (c) => [
        references(c.status, to.code, options),
        lifecycle(c.status, { open: ['closed'] }, { initial: 'open' }),
      ]),
    scoped: (options) =>
      table('one', { id: id(), client_id: z.uuid().nullable() }, (c) => [
        references(c.client_id, to.client_id, options),
        scoped(c.client_id),
      ]),
  };

  const cases = Object.entries(frozen).flatMap(([name, declare]) =>
    setting.map((options) => [name, JSON.stringify(options), declare, options] as const),
  );

  test.each(cases)(
    'of %s with %s is refused where the action sets a frozen column',
    (name, _, declare, options) => {
      // a cascade keeps the row in the scope of the row it refers to
      if (name === 'scoped' && 'onUpdate' in options && options.onUpdate === 'cascade') declare(options);
      else
        expect(() => declare(options)).toThrowError(
          expect.objectContaining({
            code: 'table-invalid',
            message: expect.stringMatching(/would change|cannot be set to/),
          }),
        );
      for (const action of ['no action', 'restrict'] as const)
        declare({ onDelete: action, onUpdate: action });
    },
  );

  test('is refused where an action cannot be carried out', () => {
    const make = (type: z.ZodType, options: Options) => () =>
      table('one', { id: id(), code: type } as { id: ReturnType<typeof id>; code: typeof code }, (c) => [
        references(c.code, to.code, options),
      ]);
    for (const option of ['onDelete', 'onUpdate']) {
      expect(make(code, { [option]: 'set null' })).toThrowError(/code cannot be set to null, as on/);
      expect(make(code, { [option]: 'set default' })).toThrowError(/code has none/);
      make(code.default('a'), { [option]: 'set default' })();
      expect(make(code, { [option]: 'restrict', deferrable: true })).toThrowError(/deferrable, but restrict/);
    }
    expect(make(code, { deferrable: true })().foreignKeys[0]).toMatchObject({
      onDelete: 'no action',
      onUpdate: 'no action',
      deferrable: true,
    });
  });
});

describe.each(engines)('a cascade into another scope on $name', (engine) => {
  test('is refused', async () => {
    const groups = table('groups', { id: id(), code }, (c) => [unique(c.code)]);
    const members = table('members', { org: code, group: code, at: createdAt() }, (c) => [
      primaryKey(c.org),
      references(c.group, groups.columns.code, { onUpdate: 'cascade' }),
      scoped(c.org),
    ]);
    const place = await engine.place();
    const shop = system('shop', { tables: { groups, members }, migrations: new URL('file:///none/') });
    const db = await testDatabase(shop, { url: engine.name === 'postgres' ? place.url : engine.name });
    try {
      await db.session({ scope: 'one' }, async (s) => {
        await s.insert(groups, { code: 'old' });
        await s.insert(members, { org: 'one', group: 'old' });
      });
      const rename = (from: string, to: string) =>
        db.session({ scope: 'one' }, (s) =>
          s.query.updateTable('groups').set({ code: to }).where('code', '=', from).execute(),
        );
      await rename('old', 'new');
      expect(await db.session({ scope: 'one' }, (s) => s.get(members, 'one'))).toMatchObject({
        group: 'new',
      });
      await db.session({ scope: 'two' }, (s) => s.insert(members, { org: 'two', group: 'new' }));
      await expect(rename('new', 'newer')).rejects.toMatchObject({
        code: 'guarantee-violated',
        facts: { table: 'members', guarantee: 'scoped' },
      });
    } finally {
      await db.close();
      await place.remove();
    }
  });
});
