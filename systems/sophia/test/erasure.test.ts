import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Client,
  clientActions,
  enrich,
  enrichmentsOf,
  eraseClient,
  exportClient,
  restoreClient,
  sophia,
  storeVoiceMaterial,
  updateClient,
  writeClientExport,
} from '@ashlar/sophia';
import { type Database, everyScope } from 'ashlar';
import { createBackup, newBackupKey, restoreBackup } from 'ashlar/backup';
import { openLedger, verifyLedger } from 'ashlar/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, type TestEngine } from '../../../test/support/engines.js';
import { columnKeys, type OpenSophia, openSophia } from './support.js';

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
        ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        : 'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()';
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

const files = async (engine: TestEngine, url: string): Promise<string> => {
  if (engine.name !== 'sqlite') return '';
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
    expect(found(await files(engine, open.place.url))).toEqual([]);
    const listed = new Map(report.stays.map(({ where, rows }) => [where, rows]));
    expect(listed.get('audit_log')).toBe(5);
    expect(listed.get('enrichment_log')).toBe(1);
    expect(listed.get('record_contents, and its ledger')).toBe(5);
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
        expect(found(await files(engine, target.url))).toEqual([]);
        expect(columnKeys.current).toBeDefined();
      } finally {
        await open.remove();
        await target.remove();
        await rm(folder, { recursive: true });
      }
    });
  },
);
