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
  if (!text.endsWith('\n') || hasControlCharacters(text) || !text.isWellFormed() || signers.length === 0)
    throw new AshlarError('usage', {
      message: 'The text cannot be signed as a note.',
      detail: 'A note ends with a newline, has no other control characters, and needs at least one signer.',
    });
  const lines = signers.map((signer) => {
    const signature = Buffer.concat([signer.keyId, signer.sign(Buffer.from(text))]);
    return `${dash} ${signer.name} ${signature.toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

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
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((one) => one.name === name && one.keyId.equals(keyId));
    if (verifier === undefined) continue;
    if (!verifier.verify(Buffer.from(text), signature))
      throw invalid(`The signature of ${name} is not valid.`, 'The note was changed after it was signed.');
    signedBy.add(verifier);
  }
  if (signedBy.size === 0)
    throw invalid(
      'No trusted key has signed the note.',
      `The note has signatures of ${signatures.map((one) => one.name).join(', ')}.`,
    );
  return Object.freeze({ text, signedBy: Object.freeze([...signedBy]) });
}
