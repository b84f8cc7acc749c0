import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  auditLog,
  type Client,
  clientActions,
  clients,
  enrich,
  enrichmentLog,
  enrichmentsOf,
  eraseClient,
  exportClient,
  recordAction,
  recordContents,
  recordKnowledge,
  restoreClient,
  type SophiaSession,
  sophia,
  storeVoiceMaterial,
  updateClient,
  voiceMaterials,
  voiceProfiles,
  writeClientExport,
} from '@ashlar/sophia';
import { type Database, everyScope } from 'ashlar';
import { createBackup, newBackupKey, restoreBackup } from 'ashlar/backup';
import { openLedger, verifyLedger } from 'ashlar/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { type OpenSophia, openSophia } from './support.js';

// words that occur nowhere else: in the name, in the dossier, in a text, in facts, sources and reasons
const words = [
  'Quillfeather',
  'xylographers',
  'Zanderbrook',
  'marzipanic',
  'thrumwhistle',
  'bogglewort',
  'snickerling',
  'vexillarium',
  'plumbagoes',
  'Qwertmonde',
] as const;

/** All rows of all tables of a database, as text. */
const everything = (db: Pick<Database, 'engine'>): Promise<string> =>
  db.engine.asOwner(async (owner) => {
    const listing =
      db.engine.dialect.name === 'sqlite'
        ? "SELECT name FROM sqlite_schema WHERE type = 'table'"
        : `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()
          UNION ALL SELECT 'pg_stats'`;
    let text = '';
    for (const { name } of await owner.run(listing)) {
      const rows = await owner.run(`SELECT * FROM "${name}"`);
      text += JSON.stringify(rows, (_, value: unknown) =>
        typeof value === 'bigint'
          ? String(value)
          : value instanceof Uint8Array
            ? Buffer.from(value).toString('latin1')
            : (value as { type?: string } | null)?.type === 'Buffer'
              ? Buffer.from((value as { data: number[] }).data).toString('latin1')
              : value,
      );
    }
    return text;
  });

const found = (text: string): readonly string[] =>
  words.filter((word) => text.toLowerCase().includes(word.toLowerCase()));

/** The files of a SQLite database; other engines have theirs elsewhere, or encrypted. */
const files = async (url: string): Promise<string> => {
  const path = url.slice('sqlite:'.length);
  const folder = dirname(path);
  const all = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), 'latin1')),
  );
  return all.join('');
};

describe.each(engines)('a client who is erased on $name', (engine) => {
  let open: OpenSophia;
  let folder: string;
  let client: Client;
  beforeAll(async () => {
    open = await openSophia(engine);
    folder = await mkdtemp(join(tmpdir(), 'ashlar-erasure-'));
    client = await open.client({
      name: words[0],
      industry: words[1],
      geography_area: words[2],
      target_audience: { primary: words[3] },
    });
    const context = { actor: 'user:1', scope: client.id };
    await storeVoiceMaterial(open.db, context, {
      client_id: client.id,
      source_type: words[4],
      content: `All about ${words[5]}.`,
    });
    await open.operate((s) =>
      enrich(s, client.id, { field: 'competitors', value: [words[6]], source: words[7], reason: words[8] }),
    );
    await open.operate((s) => updateClient(s, client.id, { business_description: words[9] }));
    await open.client({ name: 'Somebody else' });
    // the planner keeps samples of what it has seen
    await open.db.engine.asOwner((owner) => owner.script('ANALYZE'));
  });
  afterAll(async () => {
    await open.remove();
    await rm(folder, { recursive: true });
  });

  it('can have all data first, as JSON and files', async () => {
    const whole = await open.db.read({ scope: everyScope }, (s) => exportClient(s, client.id));
    const target = join(folder, 'export');
    await writeClientExport(target, whole);
    const json = await readFile(join(target, 'client.json'), 'utf8');
    const text = await readFile(join(target, 'texts', '0001.txt'), 'utf8');
    expect(found(json + text)).toEqual(words);
    expect(JSON.parse(json)).toMatchObject({
      client: { id: client.id },
      voice_materials: [{ file: 'texts/0001.txt' }],
      enrichments: [{ source: words[7] }],
      actions: [{ action: 'client.created' }, {}, {}, {}],
    });
    expect(json).not.toContain('Somebody else');
    // the session of the client gives the same, without what only the operator sees
    const own = await open.db.read({ scope: client.id }, (s) => exportClient(s, client.id));
    expect(own.document.client).toEqual(whole.document.client);
    const again = writeClientExport(target, whole);
    await expect(again).rejects.toMatchObject({ code: 'input-invalid' });
  });

  it('is in no record in the clear before the erasure either, but in the dossier', async () => {
    const rows = await open.db.engine.asOwner(async (owner) => {
      let text = '';
      for (const table of [
        'audit_log',
        'audit_log_ledger_entries',
        'enrichment_log',
        'record_changes',
        'record_changes_ledger_entries',
      ]) {
        const all = await owner.run(`SELECT * FROM ${table}`);
        text += JSON.stringify(all, (_, value: unknown) =>
          typeof value === 'bigint'
            ? String(value)
            : value instanceof Uint8Array
              ? Buffer.from(value).toString('latin1')
              : value,
        );
      }
      return text;
    });
    expect(found(rows)).toEqual([]);
    expect(found(await everything(open.db)).length).toBeGreaterThan(5);
  });

  it('leaves nothing readable: no row, no entry, no file, no backup made since; what stays is listed', async () => {
    const report = await eraseClient(open.db, client.id, { actor: 'user:1' });
    expect(report).toMatchObject({ keys: 1, deleted: { voice_materials: 1, voice_profiles: 1 } });
    expect(found(await everything(open.db))).toEqual([]);
    if (engine.name === 'sqlite') expect(found(await files(open.place.url))).toEqual([]);
    const listed = new Map(report.stays.map(({ where, rows }) => [where, rows]));
    expect(listed.get('audit_log')).toBe(5);
    expect(listed.get('enrichment_log')).toBe(1);
    expect(listed.get('record_contents, and its ledger')).toBe(5);
    expect([listed.get('clients'), listed.get('client_keys')]).toEqual([1, 1]);
    expect([...listed.keys()].some((where) => /pg_wal/.test(where))).toBe(
      open.db.engine.dialect.name === 'postgres',
    );
    expect(listed.has('files of the database')).toBe(false);
    expect(report.stays.every(({ what, why }) => what.length > 10 && why.length > 10)).toBe(true);
    expect([...listed.keys()].filter((where) => where.endsWith('in the clear'))).toEqual([]);

    expect(await open.operate((s) => clientActions(s, client.id))).toMatchObject([
      { action: 'client.erased', actor: 'user:1', before_snapshot: null, details: null },
      { action: 'client.updated', before_snapshot: null, after_snapshot: null },
      {},
      {},
      { action: 'client.created' },
    ]);
    expect(await open.operate((s) => enrichmentsOf(s, client.id))).toMatchObject([
      { field_name: 'competitors', new_value: null, source: null },
    ]);
  });

  it('stays erased: it cannot be restored, filled or written about, and erasing again changes nothing', async () => {
    const attempts = [
      () => open.operate((s) => restoreClient(s, client.id)),
      () => open.operate((s) => updateClient(s, client.id, { industry: 'x' })),
      () => open.operate((s) => enrich(s, client.id, { field: 'industry', value: 'x', source: 'y' })),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'state-conflict' });
    // any other SQL of any session, also of the client
    const { id } = client;
    const time = '2026-01-01T00:00:00.000Z';
    const text = { client_id: id, source_type: 'x', content: 'x', metadata: {} };
    const writes: readonly ((s: SophiaSession) => Promise<unknown>)[] = [
      (s) =>
        s.update(clients, id, {
          erased_at: null,
          is_archived: false,
          archived_at: null,
          name: 'x',
          name_key: 'x',
        }),
      (s) => s.update(clients, id, { business_description: 'x' }),
      (s) => s.update(clients, id, { erased_at: time }),
      (s) => s.delete(clients, id),
      (s) => s.insert(voiceMaterials, text),
      (s) => s.insert(voiceProfiles, { client_id: id, profile_data: {} }),
      (s) => s.insert(enrichmentLog, { client_id: id, field_name: 'industry', new_value: 'x', source: 'x' }),
      (s) => s.insert(auditLog, { client_id: id, action: 'x', details: { name: 'x' } }),
      (s) => s.insert(auditLog, { client_id: id, action: 'x', after_snapshot: { name: 'x' } }),
      (s) => recordAction(s, { client_id: id, action: 'x', details: { name: 'x' } }),
    ];
    for (const write of writes)
      for (const session of [open.operate, (work: typeof write) => open.as(client, work)])
        await expect(session(write)).rejects.toMatchObject({
          code: expect.stringMatching(/^(guarantee-violated|scope-shredded|foreign-key-violation)$/),
        });
    // nor is a client erased who keeps a value
    const other = await open.client({ business_description: 'x' });
    const half = {
      erased_at: time,
      is_archived: true,
      archived_at: time,
      name: 'erased x',
      industry: 'erased',
    };
    const halfErased = open.operate((s) => s.update(clients, other.id, half));
    await expect(halfErased).rejects.toMatchObject({ code: 'check-violation' });
    const again = await eraseClient(open.db, client.id);
    expect(again).toMatchObject({ keys: 0, deleted: { voice_materials: 0, voice_profiles: 0 } });
    // the name is free again
    expect((await open.client({ name: words[0].toUpperCase() })).id).not.toBe(client.id);
  });

  it('leaves the ledgers as they were: they verify', async () => {
    for (const table of [sophia.tables.auditLog, sophia.tables.recordContents, sophia.tables.recordChanges]) {
      const ledger = openLedger(open.db.engine, sophia, table, { checkpoints: join(folder, 'checkpoints') });
      expect((await verifyLedger(ledger, { full: true })).problems).toEqual([]);
    }
  });
});

describe.each(engines)('what a record says of a client on $name', (engine) => {
  let open: OpenSophia;
  beforeAll(async () => {
    open = await openSophia(engine);
  });
  afterAll(() => open.remove());

  it('is its own content only: none of another log, of another client, or that was added later', async () => {
    const [a, b] = [await open.client(), await open.client()];
    const forged = { details: { forged: true }, before_snapshot: null, after_snapshot: null };
    const [created] = await open.operate((s) => clientActions(s, a.id));
    const before = await open.operate((s) => exportClient(s, a.id));
    // every id that has a content is taken, also of a row that says nothing
    const bare = await open.operate((s) => recordAction(s, { client_id: a.id, action: 'seen' }));
    for (const id of [created?.id ?? '', bare.id])
      await expect(
        open.as(a, (s) =>
          s.insert(recordContents, { id, client_id: a.id, log: 'audit_log', content: forged }),
        ),
      ).rejects.toMatchObject({ code: 'unique-violation' });
    // a row that other SQL wrote has none: contents of another client or log are not its own
    const [one, two] = await open.operate(async (s) => [
      await s.insert(auditLog, { client_id: a.id, action: 'bare' }),
      await s.insert(auditLog, { client_id: a.id, action: 'bare' }),
    ]);
    await open.as(b, (s) =>
      s.insert(recordContents, { id: one.id, client_id: b.id, log: 'audit_log', content: forged }),
    );
    await open.as(a, (s) =>
      s.insert(recordContents, { id: two.id, client_id: a.id, log: 'enrichment_log', content: forged }),
    );
    const after = await open.operate((s) => exportClient(s, a.id));
    expect(JSON.stringify(after.document)).not.toContain('forged');
    expect(after.document.actions.slice(0, before.document.actions.length)).toEqual(before.document.actions);
  });

  it('can be taken by nobody: a client of any name is erased, also where knowledge has the words', async () => {
    const { id } = await open.client();
    await open.client({ name: `erased ${id}` });
    await eraseClient(open.db, id);
    const other = await open.client();
    await open.operate((s) => recordKnowledge(s, { category: 'x', content: `He was erased ${other.id}.` }));
    expect(await eraseClient(open.db, other.id)).toMatchObject({ keys: 1 });
  });

  it('is erased also while others write: what they wrote is gone, and what they try later is refused', async () => {
    const client = await open.client();
    const write = () =>
      open
        .operate((s) =>
          s.insert(voiceMaterials, { client_id: client.id, source_type: 'x', content: 'bogglewort' }),
        )
        .then(
          () => 'written',
          (error: { code: string }) => error.code,
        );
    const writes = Promise.all(Array.from({ length: 8 }, write));
    const report = await eraseClient(open.db, client.id);
    const late = await write();
    const done = [...(await writes), late];
    expect(done.filter((each) => each !== 'written' && each !== 'guarantee-violated')).toEqual([]);
    expect(late).toBe('guarantee-violated');
    expect(found(await everything(open.db))).not.toContain('bogglewort');
    expect(report.stays.map(({ where }) => where)).not.toContain('voice_materials and voice_profiles');
  });
});

describe.each(engines.filter(({ name }) => name === 'postgres'))('an erasure on $name', (engine) => {
  it('says that old rows stay while a transaction that began before can see them', async () => {
    const open = await openSophia(engine);
    try {
      const { id } = await open.client();
      let end = () => {};
      const held = new Promise<void>((resolve) => {
        end = resolve;
      });
      let begin = () => {};
      const began = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const reader = open.db.read({ scope: everyScope }, async (s) => {
        await s.query.selectFrom('institutional_knowledge').selectAll().execute();
        begin();
        await held;
      });
      await began;
      const { stays } = await eraseClient(open.db, id);
      end();
      await reader;
      const files = stays.find(({ where }) => where === 'files of the database');
      expect(files?.why).toMatch(/transactions that began before: process \d+.*VACUUM \(FULL\) clients/);
      const repeated = await eraseClient(open.db, id);
      expect(repeated.stays.map(({ where }) => where)).not.toContain('files of the database');
    } finally {
      await open.remove();
    }
  });
});

describe.each(engines.filter(({ name }) => name === 'sqlite'))(
  'a backup of after an erasure on $name',
  (engine) => {
    it('has nothing readable of the client', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ashlar-erasure-'));
      const open = await openSophia(engine);
      const target = await engine.place();
      try {
        const { id } = await open.client({ name: words[0], industry: words[1] });
        await open.operate((s) => enrich(s, id, { field: 'industry', value: words[2], source: words[3] }));
        await eraseClient(open.db, id);
        const { key } = await newBackupKey();
        const keys = { key };
        const made = await createBackup(open.db.engine, [sophia], { folder, keys });
        const to = { url: target.url, key: target.key };
        await restoreBackup(made.name, [sophia], { folder, keys, to, replace: true });
        expect(found(await files(target.url))).toEqual([]);
      } finally {
        await open.remove();
        await target.remove();
        await rm(folder, { recursive: true });
      }
    });
  },
);
