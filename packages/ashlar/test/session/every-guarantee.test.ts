import { Database, type System } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';
import { up } from '../../src/migrations/index.js';
import { newStep } from '../../src/migrations/new-step.js';
import { columnKeys } from '../encryption/support.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { everyGuarantee, people, renamedTables, tables } from '../prove/every-guarantee.js';

const [scope, other] = people;

const namings = [
  { naming: 'own names', of: tables },
  { naming: 'other names in the database', of: renamedTables },
];

describe.each(engines.flatMap((engine) => namings.map((naming) => ({ ...engine, engine, ...naming }))))(
  'writes to tables with every guarantee and $naming on $name',
  ({ engine, of }) => {
    const { clients, dossiers, letters, folders, trail } = of;
    let folder: Folder;
    let db: Database<typeof tables>;
    let place: Place;
    const context = { actor: 'user:7', scope };

    beforeAll(async () => {
      folder = await makeFolder();
      await newStep(everyGuarantee(folder.url, of) as unknown as System, folder.url, 'initial', {
        engines: [sqlOf(engine)],
      });
      const system = everyGuarantee(folder.url, of);
      place = await engine.place();
      const opened = await openEngine({ url: place.url, key: place.key });
      await up(opened, system as unknown as System);
      db = new Database(opened, system, { columnKeys: columnKeys(), maintain: true });
      await db.insert(clients, { id: scope, email: 'a@b.org', status: 'invited' }, context);
    });
    afterAll(async () => {
      await db.close();
      await place.remove();
      await folder.remove();
    });

    const codeOf = (work: () => Promise<unknown>) =>
      work().then(
        () => 'done',
        ({ code, message }) => code ?? message,
      );
    const trailOf = async (name: string) =>
      (
        await db.read({ scope: '*' }, (s) =>
          s.query
            .selectFrom('trail')
            .select('operation')
            .where('table_name', '=', name)
            .orderBy('id')
            .execute(),
        )
      ).map(({ operation }) => operation);

    it('upsert is an update or an insert for lifecycle, encryption and the audit trail', async () => {
      const row = { id: scope, email: 'c@d.org', status: 'active' as const };
      expect(await db.upsert(clients, row, { by: 'id', ...context })).toMatchObject(row);
      expect(await db.session(context, (s) => s.get(clients, scope))).toMatchObject(row);
      expect(await trailOf('clients')).toEqual(['insert', 'update']);
      for (const [change, code] of [
        [{ status: 'invited' }, 'guarantee-violated'],
        [{ status: 'closed', email: 'no address' }, 'value-invalid'],
      ] as const) {
        const again = { ...row, ...change };
        expect(await codeOf(() => db.upsert(clients, again, { by: 'id', ...context }))).toBe(code);
      }
      const foreign = { ...row, id: other };
      expect(await codeOf(() => db.upsert(clients, foreign, { by: 'id', ...context }))).toBe(
        'guarantee-violated',
      );
    });

    it('upsert by a key with NULL in other rows, in a tree', async () => {
      const root = await db.insert(folders, { client_id: scope, name: 'all' }, context);
      const child = await db.upsert(
        folders,
        { client_id: scope, parent_id: root.id, name: 'some' },
        { by: ['client_id', 'parent_id', 'name'], ...context },
      );
      const same = { id: root.id, client_id: scope, name: 'all', parent_id: child.id };
      expect(await codeOf(() => db.upsert(folders, same, { by: ['client_id', 'id'], ...context }))).toBe(
        'guarantee-violated',
      );
      expect(
        await db.upsert(folders, { ...same, parent_id: null, name: 'each' }, { by: 'id', ...context }),
      ).toMatchObject({
        id: root.id,
        name: 'each',
      });
      expect(await db.updateMany(folders, { parent_id: root.id }, { parent_id: null }, context)).toBe(1);
      expect(await db.updateMany(folders, 'all', { name: 'x' }, { actor: 'user:7', scope: other })).toBe(0);
      expect(await db.deleteMany(folders, (eb) => eb('name', 'in', ['each', 'some']), context)).toBe(2);
      expect(await trailOf('folders')).toEqual(['insert', 'insert', 'update', 'update', 'delete', 'delete']);
    });

    it('upsert of an append-only row inserts it, and never changes it', async () => {
      const [letter] = await db.insertMany(
        letters,
        [
          { client_id: scope, body: 'one', note: 'between us' },
          { client_id: scope, body: 'two' },
        ],
        { ...context, returning: true },
      );
      expect(letter).toMatchObject({ body: 'one', note: 'between us', read_at: null });
      const row = { id: letter?.id, client_id: scope, body: 'other' };
      expect(await codeOf(() => db.upsert(letters, row, { by: 'id', ...context }))).toBe(
        'guarantee-violated',
      );
      const fresh = { ...row, id: '00000000-0000-7000-8000-0000000000ff', note: 'sealed' };
      expect(await db.upsert(letters, fresh, { by: 'id', ...context })).toMatchObject(fresh);
      expect(
        await db.upsert(letters, { id: fresh.id } as typeof fresh, { by: 'id', ...context }).catch((e) => e),
      ).toMatchObject({
        code: 'value-invalid',
      });
      expect(await codeOf(() => db.updateMany(letters, { body: 'one' }, { body: 'x' }, context))).toBe(
        'guarantee-violated',
      );
      expect(await codeOf(() => db.deleteMany(letters, 'all', context))).toBe('guarantee-violated');
      expect(await codeOf(() => db.updateMany(letters, 'all', { note: 'x' }, context))).toBe('usage');
      expect(await codeOf(() => db.deleteMany(letters, { note: 'sealed' as never }, context))).toBe('usage');
    });

    it('upsert of a version inserts it, and never changes it', async () => {
      const first = await db.insert(dossiers, { client_id: scope, code: 'd', title: 'a will' }, context);
      const changed = { id: first.id, client_id: scope, code: 'd', title: 'another' };
      expect(await codeOf(() => db.upsert(dossiers, changed, { by: 'id', ...context }))).toBe(
        'guarantee-violated',
      );
      const second = {
        ...changed,
        id: '00000000-0000-7000-8000-0000000000fe',
        version: 2,
        previous_id: first.id,
      };
      expect(await db.upsert(dossiers, second, { by: 'id', ...context })).toMatchObject(second);
      expect(await db.session(context, (s) => s.get(dossiers, first.id))).toMatchObject({
        is_current: false,
      });
    });

    it('no write reaches the audit trail', async () => {
      const row = { table_name: 'x', operation: 'insert', row_key: {}, role: 'x' } as never;
      expect(await codeOf(() => db.insert(trail, row, context))).toBe('guarantee-violated');
      expect(await codeOf(() => db.insertMany(trail, [row], { ...context, returning: true }))).toBe(
        'guarantee-violated',
      );
      expect(await codeOf(() => db.updateMany(trail, 'all', { role: 'x' }, context))).toBe(
        'guarantee-violated',
      );
      expect(await codeOf(() => db.deleteMany(trail, 'all', context))).toBe('guarantee-violated');
    });
  },
);
