import { AshlarError } from '../errors.js';
import { isKeyName, type Signer, type Verifier } from './keys.js';
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
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((one) => one.name === name && one.keyId.equals(keyId));
    const states = verifiers.find((one) => one.name === name && one.timeKeyId.equals(keyId));
    const time = states && timeOf(states, text, signature);
    if (verifier ? !verifier.verify(Buffer.from(text), signature) : states && time === undefined)
      throw invalid(`The signature of ${name} is not valid.`, 'The note was changed after it was signed.');
    if (verifier) signedBy.add(verifier);
    if (time !== undefined) times.push(time);
  }
  if (signedBy.size === 0)
    throw invalid(
      'No trusted key has signed the note.',
      `The note has signatures of ${signatures.map((one) => one.name).join(', ')}.`,
    );
  return Object.freeze({
    text,
    signedBy: Object.freeze([...signedBy]),
    ...(times.length > 0 ? { signedAt: new Date(Math.min(...times)) } : {}),
  });
}

/** The time that a signature states, in milliseconds; `undefined` if the signature is not valid. */
const timeOf = (verifier: Verifier, text: string, signature: Buffer): number | undefined => {
  if (signature.length !== 8 + 64) return undefined;
  const seconds = signature.readBigUInt64BE();
  // no Date is later
  if (seconds > 8_640_000_000_000n || !verifier.verify(timed(text, seconds), signature.subarray(8)))
    return undefined;
  return Number(seconds) * 1_000;
};
