import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AshlarError } from '../errors.js';
import { damaged } from './age/payload.js';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

/** The head of a ledger in a backup. */
const ledger = z.strictObject({
  ledger: z.string(),
  table: z.string(),
  size: count,
  root: z.base64(),
  /** Its newest signed checkpoint, a note, unchanged. */
  checkpoint: z.string().nullable(),
});

const state = z.strictObject({
  systems: z.array(z.strictObject({ name: z.string(), head: z.string().nullable(), fingerprint: hash })),
  /** The row count of each table, without Ashlar's own tables. */
  rows: z.record(z.string(), count),
  ledgers: z.array(ledger),
});

/** Of which database a backup is: its URL is none of it (decision 0039). */
const identity = z.strictObject({
  /** The identity that the database keeps; `null` where it keeps none. */
  database: z.uuid().nullable(),
  /** A fingerprint of the place of the database: where it is, however its URL is written. */
  place: z.string().regex(/^[0-9a-f]{32}$/),
  /** A fingerprint of what tells the file, folder or schema there from another one that was there before or after. */
  incarnation: z.string().regex(/^[0-9a-f]{32}$/),
  /** How many backups the database has counted, with this one; `null` where it could not be counted. */
  number: z.int().min(1).nullable(),
  /** The random tokens of the counted backups, this one last, of 16 hex digits each; without the oldest of very many. */
  history: z.string().regex(/^(?:[0-9a-f]{16})*$/),
});

// the first format has no identity
const manifestForm = z.strictObject({
  format: z.enum(['ashlar/backup/v1', 'ashlar/backup/v2']),
  name: z.string(),
  label: z.string(),
  identity: identity.optional(),
  created_at: z.iso.datetime({ precision: 3 }),
  /** The URL without password or key. */
  database: z.string(),
  engine: z.string(),
  ashlar: z.string(),
  /** The plaintext. It has no hash here: a hash would let a reader confirm a guess of it. */
  copy: z.strictObject({
    size: count,
    format: z.enum(['sqlite', 'sqlcipher', 'pg-custom', 'pglite-tar']),
  }),
  file: z.strictObject({ size: count, sha256: hash }),
  /** Fingerprints of keys; never a key. */
  keys: z.strictObject({ backup: z.array(z.string()).min(1), database: z.string().nullable() }),
  /** The database's key, encrypted like the file; armored age. */
  database_key: z.string().nullable(),
  ...state.shape,
  /** HMAC-SHA256 under a key derived from the file key: only a holder of a backup key can compute it. */
  seal: hash,
  /** SHA-256 over everything above, as canonical JSON. */
  checksum: hash,
});
const manifest = manifestForm.refine(
  ({ format, identity }) => (format === 'ashlar/backup/v1') === (identity === undefined),
  'has no identity, or one that its format does not have',
);

/** The state of a database as a manifest records it: row counts, ledger heads, migrations and schema fingerprints. */
export type DatabaseState = z.infer<typeof state>;
/** The head of a ledger as a manifest records it, with the newest signed checkpoint of the ledger. */
export type LedgerHead = z.infer<typeof ledger>;
/** The database of a backup, as its manifest knows it. */
export type DatabaseIdentity = z.infer<typeof identity>;
/** The manifest of a backup: a JSON file in the same folder as the encrypted file, which it describes. */
export type Manifest = z.infer<typeof manifest>;
/** A manifest without its MAC and checksum. */
export type ManifestDraft = Omit<Manifest, 'seal' | 'checksum'>;

/** Canonical JSON: keys in the order of their code points, no spaces. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const macOf = (draft: ManifestDraft, fileKey: Buffer): string =>
  createHmac('sha256', Buffer.from(hkdfSync('sha256', fileKey, '', 'ashlar/backup/v1 manifest', 32)))
    .update(canonical(draft))
    .digest('hex');

const checksumOf = (signed: Omit<Manifest, 'checksum'>): string =>
  createHash('sha256').update(canonical(signed)).digest('hex');

/** Adds two values to a manifest: a MAC that binds it to the encrypted file, by that file's key, and a checksum. */
export function signManifest(draft: ManifestDraft, fileKey: Buffer): Manifest {
  const signed = { ...draft, seal: macOf(draft, fileKey) };
  return { ...signed, checksum: checksumOf(signed) };
}

/** Formats a manifest as JSON, indented by two spaces. */
export function formatManifest(signed: Manifest): string {
  return `${JSON.stringify(signed, null, 2)}\n`;
}

/**
 * Parses a manifest; throws if the text is not exactly as {@link formatManifest} writes it.
 *
 * @throws AshlarError `backup-damaged`
 */
export function parseManifest(text: string): Manifest {
  const data = parsed(text);
  const result = manifest.safeParse(data);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw damaged(`The manifest of the backup is malformed: ${issue?.path.join('.')} ${issue?.message}.`);
  }
  const { checksum, ...signed } = result.data;
  if (checksumOf(signed) !== checksum || `${JSON.stringify(data, null, 2)}\n` !== text)
    throw damaged('The manifest of the backup was changed: the checksum does not match.');
  return result.data;
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged('The manifest of the backup is not valid JSON.');
  }
};

/**
 * Throws if the MAC of a manifest was not made with the key of this encrypted file.
 *
 * @throws AshlarError `backup-manifest-mismatch`
 */
export function assertMac({ seal, checksum: _, ...draft }: Manifest, fileKey: Buffer): void {
  if (!timingSafeEqual(Buffer.from(seal), Buffer.from(macOf(draft, fileKey))))
    throw mismatch('The manifest was changed, or belongs to another backup.');
}

/** Creates the error for a backup that does not match its manifest. */
export function mismatch(detail: string): AshlarError {
  return new AshlarError('backup-manifest-mismatch', {
    message: 'The backup and its manifest do not belong together.',
    detail,
    suggestion: 'Use another backup; `ashlar backup list` lists them.',
  });
}
