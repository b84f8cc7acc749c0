import { createHash } from 'node:crypto';
import type { Identity, Recipient } from 'age-encryption';
import { AshlarError } from '../errors.js';
import { Secret } from '../settings/index.js';
import { decryptFile, encryptFile } from './age/file.js';
import { age } from './age/library.js';
import { passphraseIdentity, passphraseRecipient } from './age/passphrase.js';
import type { AgeFile, Bytes } from './age/payload.js';

/** The keys that encrypt and decrypt backups, as the texts that the user provides. */
export interface BackupKeysGiven {
  /**
   * Either age identities (`AGE-SECRET-KEY-1…`), one on each line as `age-keygen` writes them, or a passphrase.
   * Backups are encrypted with the first identity; each decrypts the backups made with it. Any other text is a
   * passphrase, unless it looks like a key.
   */
  readonly key?: string | Secret | undefined;
  /** The public age keys (`age1…`) with which backups are encrypted, in addition to `key` if it is given. */
  readonly recipients?: readonly string[] | undefined;
}

const identityForm = /^\s*AGE-SECRET-KEY-/m;
const otherForm = /^[\s"'\u{FEFF}]*(age1|age-|ssh-|-----BEGIN)/iu;
const unprintable = /[\p{Cc}\u{FFFD}]/u;

/**
 * The parsed keys that encrypt and decrypt backups. With recipients only, backups can be created but not decrypted.
 */
export class BackupKeys {
  /** The short names of the keys with which backups are encrypted: the hash of each recipient, or `passphrase`. */
  readonly fingerprints: readonly string[];
  /** The texts of the keys and passphrases, which must never be printed. */
  readonly secrets: readonly string[];
  readonly #recipients: readonly (string | Recipient)[];
  readonly #identities: readonly (string | Identity)[];

  private constructor(
    recipients: readonly (string | Recipient)[],
    identities: readonly (string | Identity)[],
    secrets: readonly string[],
  ) {
    this.#recipients = recipients;
    this.#identities = identities;
    this.secrets = secrets;
    this.fingerprints = recipients.map((one) => (typeof one === 'string' ? fingerprint(one) : 'passphrase'));
  }

  /** @throws AshlarError `backup-key-missing`, `backup-key-invalid` */
  static async from({ key, recipients = [] }: BackupKeysGiven): Promise<BackupKeys> {
    for (const recipient of recipients) await assertRecipient(recipient);
    const text = key instanceof Secret ? key.reveal() : key;
    if (text === undefined) {
      if (recipients.length === 0) throw missing();
      return new BackupKeys(recipients, [], []);
    }
    if (!identityForm.test(text)) return BackupKeys.#fromPassphrase(text, recipients.length > 0);
    const identities = text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
    const own: string[] = [];
    for (const identity of identities) own.push(await recipientOf(identity));
    const all = [...new Set([...own.slice(0, 1), ...recipients])];
    return new BackupKeys(all, identities, identities);
  }

  static #fromPassphrase(passphrase: string, hasRecipients: boolean): BackupKeys {
    // a recipient is public: as a passphrase it would open the backup to everyone
    if (otherForm.test(passphrase))
      throw invalid('The text has the form of a key, but is not an age identity (AGE-SECRET-KEY-1…).');
    if (unprintable.test(passphrase)) throw invalid('A passphrase must be one line of printable text.');
    if (passphrase.length < shortestPassphrase)
      throw invalid(`The passphrase has fewer than ${shortestPassphrase} characters.`);
    if (hasRecipients)
      throw invalid('A backup can be encrypted to a passphrase or to recipients, not to both.');
    return new BackupKeys([passphraseRecipient(passphrase)], [passphraseIdentity(passphrase)], [passphrase]);
  }

  /** Whether these keys can decrypt backups, because they include an identity or a passphrase. */
  get canOpen(): boolean {
    return this.#identities.length > 0;
  }

  /** Encrypts a stream with these keys, as an age file. */
  encrypt(plain: Bytes): Promise<AgeFile> {
    return encryptFile(plain, this.#recipients);
  }

  /**
   * Decrypts an age file with these keys.
   *
   * @throws AshlarError `backup-key-missing`, `backup-key-wrong`, `backup-damaged`
   */
  async open(encrypted: Bytes): Promise<AgeFile> {
    if (!this.canOpen) throw cannotOpen();
    return decryptFile(encrypted, this.#identities);
  }

  /** Encrypts a short text with these keys; the result is an armored age file. */
  async encryptText(text: string): Promise<string> {
    const { armor } = await age();
    return armor.encode(await whole((await this.encrypt(once(Buffer.from(text)))).bytes));
  }

  /**
   * Decrypts the output of {@link encryptText}.
   *
   * @throws AshlarError `backup-key-missing`, `backup-key-wrong`, `backup-damaged`
   */
  async decryptText(armored: string): Promise<string> {
    const { armor } = await age();
    return (await whole((await this.open(once(armor.decode(armored)))).bytes)).toString();
  }
}

const shortestPassphrase = 12;

/** Creates a random age identity, and the recipient that belongs to it. */
export async function newBackupKey(): Promise<{ key: Secret; recipient: string }> {
  const { generateIdentity, identityToRecipient } = await age();
  const identity = await generateIdentity();
  return { key: new Secret(identity), recipient: await identityToRecipient(identity) };
}

/**
 * Returns 32 hex digits that identify a secret or a long text: half of the SHA-256 of a fixed prefix and the text.
 */
export function fingerprint(text: string): string {
  return createHash('sha256').update(`ashlar/fingerprint/v1 ${text}`).digest('hex').slice(0, 32);
}

const once = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
};

const whole = async (source: Bytes): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};

const assertRecipient = async (recipient: string): Promise<void> => {
  const { Encrypter } = await age();
  try {
    new Encrypter().addRecipient(recipient);
  } catch {
    throw invalid(
      'A recipient is not a valid age recipient. It must begin with age1; ask the owner of the key for it.',
    );
  }
};

const recipientOf = async (identity: string): Promise<string> => {
  const { identityToRecipient } = await age();
  try {
    return await identityToRecipient(identity);
  } catch {
    throw invalid('A line of the key is not an age identity.');
  }
};

const howTo =
  'Create a key with `ashlar backup key` and set BACKUP_KEY_FILE; or set BACKUP_RECIPIENT to the recipient of the backups.';

const missing = (): AshlarError =>
  new AshlarError('backup-key-missing', {
    message: 'No key to encrypt backups is set.',
    suggestion: howTo,
  });

const cannotOpen = (): AshlarError =>
  new AshlarError('backup-key-missing', {
    message: 'No key to decrypt backups is set.',
    detail:
      'With BACKUP_RECIPIENT alone, backups can be created, but only the owner of the matching key can decrypt them.',
    suggestion: 'Set BACKUP_KEY or BACKUP_KEY_FILE on the machine that verifies and restores backups.',
  });

const invalid = (detail: string): AshlarError =>
  new AshlarError('backup-key-invalid', {
    message: 'The backup key is malformed.',
    detail,
    suggestion: howTo,
  });
