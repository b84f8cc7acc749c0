import { randomBytes } from 'node:crypto';
import {
  addVoiceMaterial,
  archiveClient,
  auditLog,
  type Client,
  clientActions,
  clients,
  clientsNamedIn,
  createClient,
  enrich,
  enrichmentLog,
  enrichmentsOf,
  findClient,
  findKnowledge,
  likelyDuplicates,
  listClients,
  recordAction,
  recordKnowledge,
  type SophiaSession,
  sampleClients,
  sampleKnowledge,
  sophia,
  updateClient,
  voiceMaterials,
  voiceMaterialsOf,
  voiceProfileOf,
  voiceProfiles,
} from '@ashlar/sophia';
import { everyScope } from 'ashlar';
import { installScopeKey } from 'ashlar/keys';
import { failuresOf, prove } from 'ashlar/prove';
import { sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, withRoles } from '../../../test/support/engines.js';
import { freshName, type OpenSophia, openSophia, ready, someClient } from './support.js';

const own = [
  ['clients', 'id'],
  ['voice_profiles', 'client_id'],
  ['voice_materials', 'client_id'],
  ['enrichment_log', 'client_id'],
  ['audit_log', 'client_id'],
  ['record_contents', 'client_id'],
] as const;

describe.each(engines)('a session scoped to one client on $name', (engine) => {
  let open: OpenSophia;
  let a: Client;
  let b: Client;
  beforeAll(async () => {
    open = await openSophia(engine);
    [a, b] = [await filled(), await filled()];
  });
  afterAll(() => open.remove());

  /** A client with rows in every table. */
  const filled = async (): Promise<Client> => {
    const { id } = await open.client(ready);
    return open.operate(async (s) => {
      await addVoiceMaterial(s, { client_id: id, source_type: 'post', content: `Words of ${id}.` });
      const { client } = await enrich(s, id, { field: 'industry', value: 'Retail', source: `from ${id}` });
      return client;
    });
  };

  const everything = () =>
    open.operate(async (s) => {
      const rows = own.map(([table]) =>
        sql`SELECT * FROM ${sql.table(table)} ORDER BY id`.execute(s.query).then((found) => found.rows),
      );
      return JSON.stringify(await Promise.all(rows));
    });

  const rowsOf = (client: Client | null, text: string) =>
    open.db.session({ scope: client?.id ?? null }, async (s) => (await sql.raw(text).execute(s.query)).rows);

  it('sees its own rows and no other client’s rows in any query', async () => {
    for (const [table, column] of own) {
      const queries = [
        `SELECT * FROM ${table}`,
        `SELECT * FROM ${table} WHERE ${column} = '${b.id}' OR 1 = 1`,
        `SELECT t.* FROM (SELECT 1 AS one) AS o LEFT JOIN ${table} AS t ON o.one = 1`,
        `SELECT t.* FROM clients AS c JOIN ${table} AS t ON t.${column} IN ('${a.id}', '${b.id}')`,
        `SELECT * FROM ${table} WHERE id IN (SELECT id FROM ${table})`,
        `WITH every AS (SELECT * FROM ${table}) SELECT * FROM every`,
        `SELECT * FROM ${table} UNION ALL SELECT * FROM ${table} WHERE ${column} = '${b.id}'`,
        `SELECT (SELECT max(CAST(${column} AS text)) FROM ${table}) AS ${column}`,
      ];
      for (const query of queries) {
        const seen = (await rowsOf(a, query)).map((row) => (row as Record<string, unknown>)[column]);
        expect(seen.length, query).toBeGreaterThan(0);
        expect(new Set(seen), query).toEqual(new Set([a.id]));
        // a session without a scope sees no row
        const unscoped = (await rowsOf(null, query)).filter((row) =>
          Object.values(row as object).some(Boolean),
        );
        expect(unscoped, query).toEqual([]);
      }
      expect(await rowsOf(a, `SELECT * FROM ${table} WHERE ${column} = '${b.id}'`)).toEqual([]);
    }
  });

  it('sees no other client’s rows through s.query and s.get', async () => {
    await open.as(a, async (s) => {
      const joined = await s.query
        .selectFrom('clients as c')
        .innerJoin('voice_materials as m', (on) => on.onTrue())
        .leftJoin('enrichment_log as e', 'e.client_id', 'm.client_id')
        .select(['c.id', 'm.client_id', 'e.field_name'])
        .execute();
      expect(joined).toEqual([{ id: a.id, client_id: a.id, field_name: 'industry' }]);
      const within = await s.query
        .selectFrom('clients')
        .select((of) => [
          of.selectFrom('voice_materials').select(of.fn.countAll<number>().as('n')).as('materials'),
          of.exists(of.selectFrom('audit_log').selectAll().where('client_id', '=', b.id)).as('leaks'),
        ])
        .executeTakeFirstOrThrow();
      expect([Number(within.materials), Boolean(within.leaks)]).toEqual([1, false]);
      expect(await s.get(clients, b.id)).toBeUndefined();
      expect(await s.get(clients, a.id)).toEqual(a);
    });
    expect(await open.db.get(clients, b.id, { scope: a.id })).toBeUndefined();
    expect(await open.db.get(clients, b.id)).toBeUndefined();
  });

  it('sees no other client’s rows through the services', async () => {
    await open.as(a, async (s) => {
      expect(await listClients(s)).toEqual([a]);
      expect(await findClient(s, b.name)).toBeUndefined();
      expect(await likelyDuplicates(s, b.name)).toEqual([]);
      expect(await clientsNamedIn(s, `${a.name} and ${b.name}`)).toMatchObject([{ name: a.name }]);
      expect(await voiceMaterialsOf(s, b.id)).toEqual([]);
      expect(await voiceProfileOf(s, b.id)).toBeUndefined();
      expect(await enrichmentsOf(s, b.id)).toEqual([]);
      expect(await clientActions(s, b.id)).toEqual([]);
      expect((await clientActions(s, a.id)).length).toBe(3);
    });
  });

  it('cannot write another client’s rows in any way', async () => {
    const before = await everything();
    const attempts: [string, (s: SophiaSession) => Promise<unknown>][] = [
      [
        'row-not-found',
        (s) => addVoiceMaterial(s, { client_id: b.id, source_type: 'post', content: 'Not mine.' }),
      ],
      ['row-not-found', (s) => enrich(s, b.id, { field: 'industry', value: 'x', source: 'y' })],
      ['row-not-found', (s) => updateClient(s, b.id, { industry: 'x' })],
      ['row-not-found', (s) => archiveClient(s, b.id)],
      ['row-not-found', (s) => s.update(clients, b.id, { industry: 'x' })],
      ['row-not-found', (s) => s.delete(clients, b.id)],
      ['guarantee-violated', (s) => recordAction(s, { client_id: b.id, action: 'x' })],
      ['guarantee-violated', (s) => recordAction(s, { client_id: null, action: 'x' })],
      ['guarantee-violated', (s) => s.insert(auditLog, { client_id: b.id, action: 'x' })],
      ['guarantee-violated', (s) => s.insert(voiceProfiles, { client_id: b.id, profile_data: {} })],
      [
        'guarantee-violated',
        (s) => s.insert(voiceMaterials, { client_id: b.id, source_type: 'x', content: 'x' }),
      ],
      [
        'guarantee-violated',
        (s) => s.insertMany(voiceMaterials, [{ client_id: b.id, source_type: 'x', content: 'x' }]),
      ],
      [
        'guarantee-violated',
        (s) =>
          s.insert(enrichmentLog, { client_id: b.id, field_name: 'industry', new_value: 'x', source: 'x' }),
      ],
      [
        'guarantee-violated',
        (s) => s.query.updateTable('voice_materials').set({ client_id: b.id }).execute(),
      ],
      ['guarantee-violated', (s) => s.insert(clients, { ...someClient(), name_key: freshName() })],
      ['guarantee-violated', (s) => createClient(s, someClient())],
      ['guarantee-violated', (s) => recordKnowledge(s, { category: 'x', content: 'x' })],
    ];
    for (const [code, attempt] of attempts) {
      const refused = open.as(a, attempt);
      await expect(refused, String(attempt)).rejects.toMatchObject({ code });
    }
    await open
      .as(a, async (s) => {
        const of = ['UPDATE clients SET industry =', 'UPDATE voice_materials SET source_type ='];
        for (const text of of) await sql.raw(`${text} 'taken' WHERE id <> '${a.id}'`).execute(s.query);
        throw new RangeError('undone');
      })
      .catch((error) => expect(error).toBeInstanceOf(RangeError));
    const deleted = await open.as(a, (s) =>
      s.query.deleteFrom('voice_materials').where('client_id', '=', b.id).executeTakeFirst(),
    );
    expect(deleted.numDeletedRows).toBe(0n);
    expect(await everything()).toBe(before);
  });

  it('cannot learn from an error which other clients exist', async () => {
    const errors: unknown[][] = [];
    const observe = (attempt: Promise<unknown>) =>
      attempt.catch(({ code, message }) => errors.push([code, message]));
    for (const name of [b.name, freshName()]) {
      await observe(open.as(a, (s) => s.update(clients, a.id, { name })));
      await observe(open.as(a, (s) => recordKnowledge(s, { category: 'x', content: `Of ${name}.` })));
    }
    expect(errors.slice(0, 2)).toEqual(errors.slice(2));
    expect(errors.map(([code]) => code)).toEqual(Array(4).fill('guarantee-violated'));
  });

  it('works on its own dossier and reads the shared knowledge', async () => {
    const c = await filled();
    await open.operate((s) =>
      recordKnowledge(s, { category: 'shared', content: 'Short sentences are read.' }),
    );
    await open.as(c, async (s) => {
      await updateClient(s, c.id, { geography_area: 'The bay' });
      await addVoiceMaterial(s, { client_id: c.id, source_type: 'post', content: 'More of it.' });
      expect(await findKnowledge(s, { category: 'shared' })).toHaveLength(1);
    });
    const latest = await open.as(c, (s) => clientActions(s, c.id, { limit: 2 }));
    expect(latest.map(({ action, actor }) => [action, actor])).toEqual([
      ['voice.added', `of ${c.name}`],
      ['client.updated', `of ${c.name}`],
    ]);
    // the rest of its log is on the next page
    const rest = await open.as(c, (s) => clientActions(s, c.id, { before: latest.at(-1)?.id }));
    expect(rest).toHaveLength(3);
  });

  it('is refused for a scope that no client can have', async () => {
    for (const scope of ['client', b.id.toUpperCase(), '* OR 1=1']) {
      const session = open.db.session({ scope }, async () => undefined);
      await expect(session, scope).rejects.toMatchObject({ code: 'value-invalid' });
    }
    const all = await open.db.read({ scope: everyScope }, (s) => listClients(s));
    expect(all.length).toBeGreaterThanOrEqual(3);
  });

  it('passes prove with the rows of many clients', async () => {
    for (const { client } of sampleClients) await open.operate((s) => createClient(s, client));
    for (const knowledge of sampleKnowledge) await open.operate((s) => recordKnowledge(s, knowledge));
    const before = await everything();
    expect(failuresOf(await prove(open.db.engine, sophia))).toEqual([]);
    expect(await everything()).toBe(before);
  });
});

describe.each(withRoles.filter(({ name }) => name === 'pglite'))('with a SCOPE_KEY on $name', (engine) => {
  it('SQL of a client’s session changes neither its scope nor its actor', async () => {
    const scopeKey = randomBytes(32).toString('hex');
    const open = await openSophia(engine, { scopeKey });
    try {
      await installScopeKey(open.db.engine, scopeKey);
      const [a, b] = [await open.client(), await open.client()];
      const attempts = [
        "SELECT set_config('ashlar.scope', '*', true)",
        `SELECT set_config('ashlar.scope', '${b.id}', true)`,
        "SELECT set_config('ashlar.actor', 'somebody else', true)",
      ];
      for (const attempt of attempts) {
        const seen = open.as(a, async (s) => {
          await sql.raw(attempt).execute(s.query);
          return (await s.query.selectFrom('clients').select('id').execute()).map(({ id }) => id);
        });
        // the signature no longer fits, so the session sees nothing or is refused
        expect(await seen.catch(() => [])).not.toContain(b.id);
      }
      expect(await open.as(a, (s) => listClients(s))).toEqual([a]);
    } finally {
      await open.remove();
    }
  });
});
