import { AshlarError } from '../errors.js';
import { isKeyName, type Signer, type Verifier } from './keys.js';
import {
  type RetirementLines,
  retirementsForm,
  type SignedRetirements,
  sameLines,
} from './retirement-lines.js';
import { fromBase64, fromUtf8 } from './text.js';

export { newSigner, parsePrivateKey, parseVerifierKey, type Signer, type Verifier } from './keys.js';

const dash = '\u2014';
const mostSignatures = 16;

/** A signed note whose signatures were verified. */
export interface OpenedNote {
  /** The signed text, including its final newline. */
  readonly text: string;
  /** The trusted keys that signed the note with a valid signature; there is at least one. */
  readonly signedBy: readonly Verifier[];
  /** The earliest time that a trusted key states for its signature; missing where none states one. */
  readonly signedAt?: Date;
  /** What trusted keys state about retirements, all of them the same; missing where none states anything. */
  readonly retirements?: SignedRetirements;
}

const invalid = (message: string, detail?: string): AshlarError =>
  new AshlarError('signature-invalid', { message, detail });

// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression finds them
const hasControlCharacters = (text: string): boolean => /[\u0000-\u0009\u000b-\u001f]/u.test(text);

/**
 * Signs a text as a C2SP signed note (https://c2sp.org/signed-note), with one signature for each signer.
 *
 * @throws AshlarError `usage` for a text that does not end with a newline or has other control characters, or no signer
 */
export function signNote(text: string, ...signers: readonly Signer[]): string {
  return `${assertNote(text, signers)}\n${signers.map((signer) => lineOf(signer, signer.keyId, signer.sign(Buffer.from(text)))).join('')}`;
}

/**
 * Adds to a note of {@link signNote}, for each signer, a second signature that states its time
 * (https://c2sp.org/tlog-cosignature). Readers that do not know this kind of signature ignore it.
 *
 * @param at - the time, of which whole seconds count
 */
export function signTime(note: string, at: Date, ...signers: readonly Signer[]): string {
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  const seconds = BigInt(Math.floor(at.getTime() / 1_000));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(seconds);
  const lines = signers.map((signer) =>
    lineOf(signer, signer.timeKeyId, Buffer.concat([time, signer.sign(timed(text, seconds))])),
  );
  return `${note}${lines.join('')}`;
}

/**
 * Adds to a note of {@link signNote}, for each signer, a signature that states a time and the retirements of the ledger. Readers
 * that do not know this kind of signature ignore it.
 */
export function signRetirements(
  note: string,
  at: Date,
  lines: RetirementLines,
  ...signers: readonly Signer[]
): string {
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  const seconds = BigInt(Math.floor(at.getTime() / 1_000));
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(seconds);
  head.writeBigUInt64BE(BigInt(lines.count), 8);
  const statement = withRetirements(text, seconds, lines);
  return `${note}${signers
    .map((signer) =>
      lineOf(signer, signer.retirementsKeyId, Buffer.concat([head, lines.digest, signer.sign(statement)])),
    )
    .join('')}`;
}

const withRetirements = (text: string, seconds: bigint, { count, digest }: RetirementLines): Buffer =>
  Buffer.from(
    `${retirementsForm}\ntime ${seconds}\nretirements ${count} ${digest.toString('base64')}\n${text}`,
  );

const timed = (text: string, seconds: bigint): Buffer =>
  Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);

const lineOf = ({ name }: Signer, keyId: Buffer, signature: Buffer): string =>
  `${dash} ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;

const assertNote = (text: string, signers: readonly Signer[]): string => {
  if (!text.endsWith('\n') || hasControlCharacters(text) || !text.isWellFormed() || signers.length === 0)
    throw new AshlarError('usage', {
      message: 'The text cannot be signed as a note.',
      detail: 'A note ends with a newline, has no other control characters, and needs at least one signer.',
    });
  return text;
};

/** The name, key id and signature in a line `— name base64`. */
const readSignature = (line: string): { name: string; keyId: Buffer; signature: Buffer } => {
  const [mark, name = '', encoded = '', ...more] = line.split(' ');
  const bytes = fromBase64(encoded);
  if (mark !== dash || !isKeyName(name) || bytes === undefined || bytes.length < 5 || more.length > 0)
    throw invalid('The note is malformed: a line after its last blank line is not a signature.');
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
};

/**
 * Reads a signed note and verifies its signatures. At least one must be of a key in `verifiers`, and each of those
 * must be valid. Signatures of other keys are ignored. A note has at most 16 signatures.
 *
 * @throws AshlarError `signature-invalid`
 */
export function openNote(note: string | Uint8Array, verifiers: readonly Verifier[]): OpenedNote {
  const whole = typeof note === 'string' ? note : fromUtf8(note);
  if (whole === undefined || !whole.isWellFormed() || hasControlCharacters(whole))
    throw invalid('The note is malformed: it is not UTF-8, or has control characters.');
  const blank = whole.lastIndexOf('\n\n');
  if (blank < 0 || !whole.endsWith('\n') || blank + 2 === whole.length)
    throw invalid('The note is malformed: it has no signatures, or its last newline is missing.');
  const text = whole.slice(0, blank + 1);
  const signatures = whole
    .slice(blank + 2, -1)
    .split('\n')
    .map(readSignature);
  if (signatures.length > mostSignatures)
    throw invalid(`The note has ${signatures.length} signatures; at most ${mostSignatures} are allowed.`);
  const signedBy = new Set<Verifier>();
  const times: number[] = [];
  const stated: SignedRetirements[] = [];
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((one) => one.name === name && one.keyId.equals(keyId));
    const states = verifiers.find((one) => one.name === name && one.timeKeyId.equals(keyId));
    const records = verifiers.find((one) => one.name === name && one.retirementsKeyId.equals(keyId));
    const time = states && timeOf(states, text, signature);
    const retirements = records && retirementsOf(records, text, signature);
    const isValid = verifier
      ? verifier.verify(Buffer.from(text), signature)
      : !(states && time === undefined) && !(records && retirements === undefined);
    if (!isValid)
      throw invalid(`The signature of ${name} is not valid.`, 'The note was changed after it was signed.');
    if (retirements) stated.push(retirements);
    if (verifier) signedBy.add(verifier);
    if (time !== undefined) times.push(time);
  }
  if (signedBy.size === 0)
    throw invalid(
      'No trusted key has signed the note.',
      `The note has signatures of ${signatures.map((one) => one.name).join(', ')}.`,
    );
  const [retirements] = stated.sort((a, b) => a.at.getTime() - b.at.getTime());
  if (!stated.every((one) => sameLines(one, retirements)))
    throw invalid('The signatures of the note state different retirements.');
  return Object.freeze({
    text,
    signedBy: Object.freeze([...signedBy]),
    ...(retirements ? { retirements } : {}),
    ...(times.length > 0 ? { signedAt: new Date(Math.min(...times)) } : {}),
  });
}

// no Date is later
const latest = 8_640_000_000_000n;

/** The time that a signature states, in milliseconds; `undefined` if the signature is not valid. */
const timeOf = (verifier: Verifier, text: string, signature: Buffer): number | undefined => {
  if (signature.length !== 8 + 64) return undefined;
  const seconds = signature.readBigUInt64BE();
  if (seconds > latest || !verifier.verify(timed(text, seconds), signature.subarray(8))) return undefined;
  return Number(seconds) * 1_000;
};

/** The retirements that a signature states; `undefined` if the signature is not valid. */
const retirementsOf = (
  verifier: Verifier,
  text: string,
  signature: Buffer,
): SignedRetirements | undefined => {
  if (signature.length !== 16 + 32 + 64) return undefined;
  const seconds = signature.readBigUInt64BE();
  const count = signature.readBigUInt64BE(8);
  if (seconds > latest || count > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const lines = { count: Number(count), digest: signature.subarray(16, 48) };
  if (!verifier.verify(withRetirements(text, seconds, lines), signature.subarray(48))) return undefined;
  return { ...lines, at: new Date(Number(seconds) * 1_000) };
};
