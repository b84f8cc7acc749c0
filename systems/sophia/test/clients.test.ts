import {
  archiveClient,
  type Client,
  type ClientChanges,
  clientActions,
  clients,
  completenessWeights,
  createClient,
  findClient,
  isMvpReady,
  likelyDuplicates,
  listClients,
  mvpFields,
  profileCompleteness,
  restoreClient,
  updateClient,
} from '@ashlar/sophia';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { freshName, type OpenSophia, openSophia, ready, someClient } from './support.js';

describe('completeness and readiness', () => {
  const empty = Object.fromEntries(Object.keys(completenessWeights).map((field) => [field, null]));

  it('range from 0 to 100 percent', () => {
    const filled = Object.fromEntries(Object.keys(completenessWeights).map((field) => [field, 'x']));
    expect(profileCompleteness(empty as Record<keyof typeof completenessWeights, null>)).toBe(0);
    expect(profileCompleteness(filled as Record<keyof typeof completenessWeights, string>)).toBe(100);
  });

  it('require every field that a first text needs', () => {
    const all = { ...empty, ...ready } as unknown as Client;
    expect(isMvpReady(all)).toBe(true);
    for (const field of mvpFields) expect(isMvpReady({ ...all, [field]: null }), field).toBe(false);
  });
});

describe.each(engines)('a dossier on $name', (engine) => {
  let open: OpenSophia;
  beforeAll(async () => {
    open = await openSophia(engine);
  });
  afterAll(() => open.remove());

  const stored = (id: string) => open.operate((s) => s.get(clients, id));

  it('is created with its figures and recorded', async () => {
    const client = await open.client(ready);
    expect(client).toMatchObject({
      ...ready,
      geography_radius_km: null,
      is_archived: false,
      archived_at: null,
      profile_completeness_pct: 65,
      is_mvp_ready: true,
      last_action_summary: 'Created',
    });
    expect(await stored(client.id)).toEqual(client);
    expect(await open.operate((s) => findClient(s, client.name))).toEqual(client);
    expect(await open.operate((s) => clientActions(s, client.id))).toMatchObject([
      { action: 'client.created', actor: 'operator', before_snapshot: null, after_snapshot: client },
    ]);
  });

  it('without an actor is recorded with the actor sophia', async () => {
    const client = await open.db.session({ scope: '*' }, (s) => createClient(s, someClient()));
    expect(await open.operate((s) => clientActions(s, client.id))).toMatchObject([{ actor: 'sophia' }]);
  });

  it('is updated, and the row before and after is recorded', async () => {
    const before = await open.client();
    const changes = { name: freshName(), industry: 'Retail', competitors: ['one'], geography_radius_km: 5 };
    const after = await open.operate((s) => updateClient(s, before.id, changes));
    expect(after).toMatchObject({ ...changes, profile_completeness_pct: 5, is_mvp_ready: false });
    expect(after.updated_at >= before.updated_at).toBe(true);
    const [line] = await open.operate((s) => clientActions(s, before.id, { action: 'client.updated' }));
    expect(line).toMatchObject({
      details: { fields: ['name', 'industry', 'geography_radius_km', 'competitors'] },
      before_snapshot: before,
      after_snapshot: after,
    });
    // an update without a change records nothing
    expect(await open.operate((s) => updateClient(s, before.id, changes))).toEqual(after);
    expect(await open.operate((s) => clientActions(s, before.id))).toHaveLength(2);
  });

  it('is archived and restored unchanged', async () => {
    const before = await open.client(ready);
    const archived = await open.operate((s) => archiveClient(s, before.id, 'they closed'));
    expect(archived).toMatchObject({ is_archived: true, archived_at: archived.last_activity_at });
    expect(await open.operate((s) => archiveClient(s, before.id))).toEqual(archived);
    const listed = async (isArchived: boolean) =>
      (await open.operate((s) => listClients(s, { archived: isArchived }))).map(({ id }) => id);
    expect(await listed(true)).toContain(before.id);
    expect(await listed(false)).not.toContain(before.id);
    const change = open.operate((s) => updateClient(s, before.id, { industry: 'Retail' }));
    await expect(change).rejects.toMatchObject({
      code: 'state-conflict',
      message: `Client ${before.name} is archived.`,
      detail: expect.any(String),
      suggestion: 'Restore the client first.',
    });
    const restored = await open.operate((s) => restoreClient(s, before.id));
    expect(restored).toEqual({
      ...before,
      last_activity_at: restored.last_activity_at,
      last_action_summary: 'Restored',
      updated_at: restored.updated_at,
    });
    const lines = await open.operate((s) => clientActions(s, before.id));
    expect(lines.map(({ action }) => action)).toEqual([
      'client.restored',
      'client.archived',
      'client.created',
    ]);
    expect(lines[1]?.details).toEqual({ reason: 'they closed' });
  });

  it('has a unique name', async () => {
    const { name } = await open.client();
    const other = await open.client();
    const attempts = [
      () => open.operate((s) => createClient(s, { name, industry: 'Retail' })),
      () => open.operate((s) => updateClient(s, other.id, { name })),
    ];
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({
        code: 'state-conflict',
        message: `A client named ${name} already exists.`,
      });
    expect(await stored(other.id)).toEqual(other);
  });

  it('refuses read-only fields, unknown fields and invalid values', async () => {
    const { id } = await open.client();
    const attempts: [object, string][] = [
      [{ profile_completeness_pct: 100 }, 'input-invalid'],
      [{ is_archived: true }, 'input-invalid'],
      [{ favourite_colour: 'blue' }, 'input-invalid'],
      [{ name: '!!!' }, 'value-invalid'],
      [{ name: 7 }, 'value-invalid'],
      [{ content_pillars: [] }, 'value-invalid'],
      [{ guardrails: {} }, 'value-invalid'],
      [{ business_description: '' }, 'value-invalid'],
      [{ geography_radius_km: -1 }, 'value-invalid'],
    ];
    for (const [changes, code] of attempts) {
      const update = open.operate((s) => updateClient(s, id, changes));
      await expect(update, JSON.stringify(changes)).rejects.toMatchObject({ code });
      const create = open.operate((s) => createClient(s, { ...someClient(), ...changes }));
      await expect(create, JSON.stringify(changes)).rejects.toMatchObject({ code });
    }
    const unknown = open.operate((s) => updateClient(s, '01890000-0000-7000-8000-000000000000', {}));
    await expect(unknown).rejects.toMatchObject({ code: 'row-not-found' });
  });

  it('always has correct figures, whatever is written', async () => {
    const { id } = await open.client();
    const facts = fc.dictionary(fc.constantFrom('a', 'b'), fc.integer(), { minKeys: 1 });
    const list = fc.array(fc.constantFrom('x', 'y'), { minLength: 1, maxLength: 2 });
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(fc.option(value), { nil: undefined });
    const change = fc.record({
      business_description: maybe(fc.constantFrom('one', 'two')),
      geography_area: maybe(fc.constantFrom('here', 'there')),
      industry_vertical: maybe(fc.constantFrom('cafes')),
      target_audience: maybe(facts),
      content_pillars: maybe(list),
      posting_cadence: maybe(facts),
      platform_accounts: maybe(facts),
      guardrails: maybe(facts),
      brand_assets: maybe(facts),
      competitors: maybe(list),
    }) as fc.Arbitrary<ClientChanges>;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        for (const each of changes) {
          await open.operate((s) => updateClient(s, id, each));
          const row = (await stored(id)) as Client;
          expect(row).toMatchObject({
            ...JSON.parse(JSON.stringify(each)),
            profile_completeness_pct: profileCompleteness(row),
            is_mvp_ready: isMvpReady(row),
          });
        }
      }),
      { numRuns: 12 },
    );
  });

  it('cannot have wrong figures: the database refuses every such write', async () => {
    const client = await open.client();
    const attempts = [
      { profile_completeness_pct: 50 },
      { is_mvp_ready: true },
      { competitors: ['one'] },
      { is_archived: true },
      { archived_at: '2026-01-01T00:00:00.000Z' },
    ];
    for (const attempt of attempts) {
      const write = open.operate((s) => s.update(clients, client.id, attempt));
      await expect(write, JSON.stringify(attempt)).rejects.toMatchObject({ code: 'check-violation' });
    }
    expect(await stored(client.id)).toEqual(client);
  });

  it('is recorded by the database itself, also when no service writes', async () => {
    const client = await open.client();
    await open.operate((s) =>
      s.query.updateTable('clients').set({ industry: 'Retail' }).where('id', '=', client.id).execute(),
    );
    const changes = await open.operate((s) =>
      s.query
        .selectFrom('record_changes')
        .selectAll()
        .where('table_name', '=', 'clients')
        .orderBy('id')
        .execute(),
    );
    expect(changes.filter(({ row_key }) => row_key.id === client.id)).toMatchObject([
      { operation: 'insert', actor: 'operator', before: null, after: { id: client.id } },
      { operation: 'update', unseen: ['industry'] },
    ]);
    // the values are in `record_contents`, under the client's key
    expect(JSON.stringify(changes)).not.toContain(client.name);
  });

  it('is found as a likely duplicate of a new client', async () => {
    const [one, two, three] = ['Zephyr & Quill Ltd', 'Zephyr Quayside', 'Ōsaka Lanterns'];
    for (const name of [one, two, three]) await open.client({ name });
    const { id } = (await open.operate((s) => findClient(s, one))) as Client;
    await open.operate((s) => archiveClient(s, id));
    const found = (name: string, least?: number) => open.operate((s) => likelyDuplicates(s, name, { least }));
    expect(await found('zephyr and quill')).toEqual([{ id, name: one, is_archived: true, score: 100 }]);
    expect(await found('Quill and Zefyr, Inc.')).toMatchObject([{ name: one }]);
    expect(await found('OSAKA LANTERNS')).toMatchObject([{ name: three, score: 100 }]);
    expect(await found('Northfold Joinery')).toEqual([]);
    const all = await found('Zephyr Quill', 40);
    expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).toSorted((a, b) => b - a));
    expect(all.length).toBeGreaterThan(1);
  });
});
