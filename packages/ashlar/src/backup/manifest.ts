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
  /** The newest signed checkpoint that was kept of it, as it was; a note. */
  checkpoint: z.string().nullable(),
});

const content = z.strictObject({
  systems: z.array(z.strictObject({ name: z.string(), head: z.string().nullable(), fingerprint: hash })),
  /** How many rows each table has; Ashlar's own tables left out. */
  rows: z.record(z.string(), count),
  ledgers: z.array(ledger),
});

const manifest = z.strictObject({
  format: z.literal('ashlar/backup/v1'),
  name: z.string(),
  label: z.string(),
  created_at: z.iso.datetime({ precision: 3 }),
  /** The URL without password or key. */
  database: z.string(),
  engine: z.string(),
  ashlar: z.string(),
  /** What is encrypted. It has no hash here: with one, anybody could tell whether a guess of it is right. */
  copy: z.strictObject({
    size: count,
    format: z.enum(['sqlite', 'sqlcipher', 'pg-custom', 'pglite-tar']),
  }),
  file: z.strictObject({ size: count, sha256: hash }),
  /** Fingerprints of keys; never a key. */
  keys: z.strictObject({ backup: z.array(z.string()).min(1), database: z.string().nullable() }),
  /** The database's key, encrypted like the file; armored age. */
  database_key: z.string().nullable(),
  ...content.shape,
  /** HMAC-SHA256 under a key of the file's own: only who can open the file can make it. */
  seal: hash,
  /** SHA-256 over everything above, as canonical JSON. */
  checksum: hash,
});

/** What a database held, as a manifest tells it. */
export type Content = z.infer<typeof content>;
export type LedgerHead = z.infer<typeof ledger>;
/** What stands beside each backup. */
export type Manifest = z.infer<typeof manifest>;
/** A manifest before it is sealed. */
export type ManifestDraft = Omit<Manifest, 'seal' | 'checksum'>;

/** JSON in one form only: keys in the order of their code points, no spaces. */
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

/** Ties a manifest to the file that it is about, by the key of that file. */
export function signManifest(draft: ManifestDraft, fileKey: Buffer): Manifest {
  const signed = { ...draft, seal: macOf(draft, fileKey) };
  return { ...signed, checksum: checksumOf(signed) };
}

/** The one text of a manifest. */
export function formatManifest(signed: Manifest): string {
  return `${JSON.stringify(signed, null, 2)}\n`;
}

/**
 * Reads what {@link formatManifest} wrote, byte for byte.
 *
 * @throws AshlarError `backup-damaged`
 */
export function parseManifest(text: string): Manifest {
  const data = parsed(text);
  const result = manifest.safeParse(data);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw damaged(`Its manifest is malformed: ${issue?.path.join('.')} ${issue?.message}.`);
  }
  const { checksum, ...signed } = result.data;
  if (checksumOf(signed) !== checksum || `${JSON.stringify(data, null, 2)}\n` !== text)
    throw damaged('Its manifest is not what was written: the checksum is another.');
  return result.data;
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged('Its manifest is no JSON.');
  }
};

/**
 * Makes sure that a manifest was made together with the file that this key opens.
 *
 * @throws AshlarError `backup-manifest-mismatch`
 */
export function assertMac({ seal, checksum: _, ...draft }: Manifest, fileKey: Buffer): void {
  if (!timingSafeEqual(Buffer.from(seal), Buffer.from(macOf(draft, fileKey))))
    throw mismatch('It was changed, or is that of another backup.');
}

/** That a backup is not what its manifest says. */
export function mismatch(detail: string): AshlarError {
  return new AshlarError('backup-manifest-mismatch', {
    message: 'The backup and its manifest do not belong together.',
    detail,
    suggestion: 'Use another one: ashlar backup list.',
  });
}
