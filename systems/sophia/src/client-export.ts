import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AshlarError } from 'ashlar';
import { clientActions, recordAction } from './audit.js';
import { clientNotFound } from './dossier.js';
import { enrichmentsOf } from './enrichment.js';
import { changesOf } from './record-changes.js';
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
    /**
     * What the database recorded of changes of the client's dossier; oldest first. A session of the client does not see the
     * lines of sessions of every scope: export in `everyScope` for all.
     */
    readonly changes: readonly RecordChange[];
  };
  /** The texts, by the names of their files. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads all data about a client that the session sees, in one snapshot if the session is one: all data in `everyScope`.
 * Nothing of another client is in it.
 *
 * @throws AshlarError `row-not-found`; `key-missing` without COLUMN_KEY
 */
export async function exportClient(s: SophiaSession, id: Client['id']): Promise<ClientExport> {
  const client = await s.query.selectFrom('clients').selectAll().where('id', '=', id).executeTakeFirst();
  if (!client) throw clientNotFound(id);
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

/**
 * Writes an export into a new folder: `client.json`, and the texts in `texts/`. The folder is there once it is whole; what was
 * written before an error is removed.
 *
 * @throws AshlarError `input-invalid` when the folder exists or cannot be written
 */
export async function writeClientExport(folder: string, { document, files }: ClientExport): Promise<void> {
  const partial = `${folder}.${randomUUID()}.partial`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    if (await exists(folder)) throw new TypeError('It exists already.');
    await mkdir(join(partial, 'texts'), { recursive: true, mode: 0o700 });
    for (const [name, text] of files)
      await writeFile(join(partial, name), text, { mode: 0o600, flush: true });
    const json = JSON.stringify(document, undefined, 2);
    await writeFile(join(partial, 'client.json'), `${json}\n`, { mode: 0o600, flush: true });
    await rename(partial, folder);
  } catch (cause) {
    // it has all that is known of a person
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw new AshlarError('input-invalid', {
      message: `The export cannot be written into ${folder}.`,
      detail: (cause as Error).message,
      suggestion: 'Give the path of a folder that does not exist yet, on a disk with room for it.',
      cause,
    });
  }
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/**
 * Records that the data about a client was exported: a row `client.exported` of `audit_log`.
 *
 * @throws AshlarError as `recordAction`
 */
export async function recordExport(s: SophiaSession, { document, files }: ClientExport): Promise<void> {
  await recordAction(s, {
    client_id: document.client.id,
    action: 'client.exported',
    details: { exported_at: document.exported_at, texts: files.size },
  });
}
