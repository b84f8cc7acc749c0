import {
  archiveClient,
  type Client,
  clientActions,
  clients,
  type EnrichableField,
  enrich,
  enrichmentLog,
  enrichmentsOf,
  type Fact,
  updateClient,
} from '@ashlar/sophia';
import { sql } from 'ashlar/query';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { type OpenSophia, openSophia } from './support.js';

describe.each(engines)('an enrichment on $name', (engine) => {
  let open: OpenSophia;
  beforeAll(async () => {
    open = await openSophia(engine);
  });
  afterAll(() => open.remove());

  it('writes the field, its source and the audit row together', async () => {
    const before = await open.client();
    const fact: Fact<'guardrails'> = {
      field: 'guardrails',
      value: { never: ['discounts'], tone: { warm: true, volume: 0.5 } },
      source: 'call of 3 May',
      reason: 'the owner said so',
    };
    const { client, enrichment } = await open.as(before, (s) => enrich(s, before.id, fact));
    expect(client).toMatchObject({ guardrails: fact.value, profile_completeness_pct: 10 });
    expect(enrichment).toMatchObject({
      client_id: before.id,
      field_name: 'guardrails',
      old_value: null,
      new_value: fact.value,
      source: fact.source,
      reason: fact.reason,
    });
    expect(await open.operate((s) => s.get(clients, before.id))).toEqual(client);
    expect(await open.operate((s) => enrichmentsOf(s, before.id))).toEqual([enrichment]);
    expect(await open.operate((s) => clientActions(s, before.id))).toMatchObject([
      { action: 'client.enriched', before_snapshot: before, after_snapshot: client },
      { action: 'client.created' },
    ]);
  });

  it('stores old and new values of each type unchanged', async () => {
    const { id } = await open.client();
    const facts: Fact[] = [
      { field: 'industry', value: 'Retail', source: 'website' },
      { field: 'geography_radius_km', value: 12, source: 'map' },
      { field: 'competitors', value: ['one', 'two'], source: 'search' },
      { field: 'competitors', value: ['one'], source: 'call' },
    ];
    for (const fact of facts) await open.operate((s) => enrich(s, id, fact));
    const lines = await open.operate((s) => enrichmentsOf(s, id));
    expect(lines.map(({ old_value, new_value }) => [old_value, new_value])).toEqual([
      ['Hospitality', 'Retail'],
      [null, 12],
      [null, ['one', 'two']],
      [['one', 'two'], ['one']],
    ]);
    expect(await open.operate((s) => enrichmentsOf(s, id, 'industry'))).toHaveLength(1);
  });

  it('records another source of a known fact', async () => {
    const { id } = await open.client();
    for (const source of ['website', 'call'])
      await open.operate((s) => enrich(s, id, { field: 'industry', value: 'Retail', source }));
    const [, second] = await open.operate((s) => enrichmentsOf(s, id));
    expect(second).toMatchObject({ old_value: 'Retail', new_value: 'Retail', source: 'call' });
  });

  it('loses nothing when many run concurrently', async () => {
    const { id } = await open.client();
    const facts: Fact[] = [
      { field: 'business_description', value: 'A shed.', source: 'a' },
      { field: 'geography_area', value: 'The bay', source: 'b' },
      { field: 'target_audience', value: { primary: 'couples' }, source: 'c' },
      { field: 'content_pillars', value: ['catch'], source: 'd' },
      { field: 'guardrails', value: { never: ['x'] }, source: 'e' },
      { field: 'posting_cadence', value: { weekly: 3 }, source: 'f' },
      ...[1, 2, 3, 4].map((n): Fact => ({ field: 'geography_radius_km', value: n, source: `${n}` })),
    ];
    await Promise.all(facts.map((fact) => open.operate((s) => enrich(s, id, fact))));
    expect(await open.operate((s) => s.get(clients, id))).toMatchObject({
      profile_completeness_pct: 75,
      is_mvp_ready: true,
    });
    const lines = await open.operate((s) => enrichmentsOf(s, id));
    expect(lines).toHaveLength(facts.length);
    // each enrichment read the value that the previous one wrote
    const radii = lines.filter(({ field_name }) => field_name === 'geography_radius_km');
    const chain = new Map(radii.map(({ old_value, new_value }) => [old_value, new_value]));
    let at: unknown = null;
    for (const _ of radii) at = chain.get(at as null);
    expect(chain.size).toBe(4);
    const { geography_radius_km } = (await open.operate((s) => s.get(clients, id))) as Client;
    expect(at).toBe(geography_radius_km);
  });

  it('writes nothing when it is refused', async () => {
    const client = await open.client();
    const fact = (changes: object): Fact =>
      ({ field: 'industry', value: 'Retail', source: 'web', ...changes }) as Fact;
    const attempts: [Fact, string][] = [
      [fact({ field: 'name', value: 'Another' }), 'input-invalid'],
      [fact({ field: 'is_archived', value: true }), 'input-invalid'],
      [fact({ field: 'constructor' as EnrichableField }), 'input-invalid'],
      [fact({ value: null }), 'input-invalid'],
      [fact({ value: 3 }), 'value-invalid'],
      [fact({ value: 'a\0b' }), 'value-unstorable'],
      [fact({ field: 'geography_radius_km', value: 'far' }), 'value-invalid'],
      [fact({ field: 'content_pillars', value: 'one' }), 'value-invalid'],
      // the last of the three writes fails and rolls back the other two
      [fact({ source: '' }), 'value-invalid'],
    ];
    for (const [each, code] of attempts) {
      const attempt = open.operate((s) => enrich(s, client.id, each));
      await expect(attempt, JSON.stringify(each)).rejects.toMatchObject({ code });
    }
    expect(await open.operate((s) => s.get(clients, client.id))).toEqual(client);
    expect(await open.operate((s) => enrichmentsOf(s, client.id))).toEqual([]);
    expect(await open.operate((s) => clientActions(s, client.id))).toHaveLength(1);
    // the database refuses other fields in the log, also without the service
    const direct = open.operate((s) =>
      sql`INSERT INTO enrichment_log (id, client_id, field_name) VALUES (${client.id}, ${client.id}, 'name')`.execute(
        s.query,
      ),
    );
    await expect(direct).rejects.toMatchObject({ code: 'check-violation' });
  });

  it('is refused while the client is archived', async () => {
    const { id } = await open.client();
    await open.operate((s) => archiveClient(s, id));
    const attempt = open.operate((s) => enrich(s, id, { field: 'industry', value: 'x', source: 'y' }));
    await expect(attempt).rejects.toMatchObject({ code: 'state-conflict' });
  });

  it('cannot be changed or deleted afterwards', async () => {
    const client = await open.client();
    const { enrichment } = await open.operate((s) =>
      enrich(s, client.id, { field: 'industry', value: 'Retail', source: 'web' }),
    );
    const attempts = [
      () => open.operate((s) => s.update(enrichmentLog, enrichment.id, { source: 'elsewhere' })),
      () => open.operate((s) => s.delete(enrichmentLog, enrichment.id)),
      () => open.operate((s) => s.delete(clients, client.id)),
    ];
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({
        code: expect.stringMatching(/guarantee-violated|foreign-key-violation/),
      });
    await open.operate((s) => updateClient(s, client.id, { industry: 'Hospitality' }));
    expect(await open.operate((s) => enrichmentsOf(s, client.id))).toEqual([enrichment]);
  });
});
