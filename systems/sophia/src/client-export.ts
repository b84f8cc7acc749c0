import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AshlarError } from 'ashlar';
import { sql } from 'ashlar/query';
import { clientActions } from './audit.js';
import { enrichmentsOf } from './enrichment.js';
import type {
  AuditRecord,
  Client,
  Enrichment,
  RecordChange,
  SophiaSession,
  VoiceMaterial,
  VoiceProfile,
} from './tables.js';
import { voiceMaterialsOf, voiceProfileOf } from './voice.js';

/** All data about one client, for the client (GDPR art. 15 and 20, POPIA s23). */
export interface ClientExport {
  readonly document: {
    readonly format: 'ashlar/sophia-client/v1';
    /** When it was read. */
    readonly exported_at: string;
    readonly client: Client;
    readonly voice_profile: VoiceProfile | null;
    /** The texts, each in the file that `file` names. */
    readonly voice_materials: readonly (Omit<VoiceMaterial, 'content'> & { readonly file: string })[];
    readonly enrichments: readonly Enrichment[];
    /** Oldest first. */
    readonly actions: readonly AuditRecord[];
    /** What the database recorded of changes of the client's dossier; oldest first. */
    readonly changes: readonly RecordChange[];
  };
  /** The texts, by the names of their files. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads all data about a client, in one snapshot if the session is one. Nothing of another client is in it.
 *
 * @throws AshlarError `row-not-found`; `key-missing` without COLUMN_KEY
 */
export async function exportClient(s: SophiaSession, id: Client['id']): Promise<ClientExport> {
  const client = await s.query.selectFrom('clients').selectAll().where('id', '=', id).executeTakeFirst();
  if (!client) {
    throw new AshlarError('row-not-found', {
      message: `Client ${id} does not exist, or this session cannot see it.`,
      suggestion: 'Check the id and the scope of the session.',
    });
  }
  const materials = await voiceMaterialsOf(s, id);
  const files = new Map<string, string>();
  const voice_materials = materials.map(({ content, ...material }, at) => {
    const file = `texts/${String(at + 1).padStart(4, '0')}.txt`;
    files.set(file, content);
    return { ...material, file };
  });
  const document = {
    format: 'ashlar/sophia-client/v1' as const,
    exported_at: s.now(),
    client,
    voice_profile: (await voiceProfileOf(s, id)) ?? null,
    voice_materials,
    enrichments: await enrichmentsOf(s, id),
    actions: await allActions(s, id),
    changes: await changesOf(s, id),
  };
  return { document, files };
}

const allActions = async (s: SophiaSession, id: Client['id']): Promise<AuditRecord[]> => {
  const all: AuditRecord[] = [];
  for (;;) {
    const page = await clientActions(s, id, { limit: 500, before: all.at(-1)?.id });
    all.push(...page);
    if (page.length < 500) return all.toReversed();
  }
};

const changesOf = (s: SophiaSession, id: Client['id']): Promise<RecordChange[]> =>
  s.query
    .selectFrom('record_changes')
    .selectAll()
    .where(
      sql<boolean>`((table_name = 'clients' AND row_key ->> 'id' = ${id})
        OR coalesce(after ->> 'client_id', before ->> 'client_id') = ${id})`,
    )
    .orderBy('id')
    .execute();

/**
 * Writes an export into a new folder: `client.json`, and the texts in `texts/`.
 *
 * @throws AshlarError `input-invalid` when the folder exists or cannot be written
 */
export async function writeClientExport(folder: string, { document, files }: ClientExport): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { mode: 0o700 });
    await mkdir(join(folder, 'texts'));
    for (const [name, text] of files) await writeFile(join(folder, name), text, { mode: 0o600 });
    const json = JSON.stringify(document, undefined, 2);
    await writeFile(join(folder, 'client.json'), `${json}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new AshlarError('input-invalid', {
      message: `The export cannot be written into ${folder}.`,
      detail: (cause as Error).message,
      suggestion: 'Give the path of a folder that does not exist yet.',
      cause,
    });
  }
}
