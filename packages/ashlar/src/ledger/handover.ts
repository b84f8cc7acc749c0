import { AshlarError } from '../errors.js';
import { openNote, parseVerifierKey, type Signer, signNote, type Verifier } from './note.js';

const form = 'ashlar/signer-handover/v1';

/**
 * Writes a handover, which states that a new key signs all later checkpoints, as a C2SP note signed by the old and
 * the new key. A checkpoint with both signatures would not say so: a signature does not cover the other ones, so
 * anyone can add one. `acceptHandover` verifies it.
 *
 * @example
 * const [former, next] = [parsePrivateKey(key), parsePrivateKey(nextKey)];
 * const options = { checkpoints, key: nextKey, publicKeys: [former.verifierKey] };
 * await checkpointLedger(openLedger(db.engine, shop, payments, options), former);
 * await writeFile('next.handover', formatHandover(former, next));
 */
export function formatHandover(from: Signer, to: Signer): string {
  return signNote(`${form}\n${from.verifierKey}\n${to.verifierKey}\n`, from, to);
}

/**
 * Verifies a handover and returns the new public key that it names.
 *
 * @param trusted - the keys whose checkpoints are trusted so far
 * @throws AshlarError `signature-invalid` where the note is not a handover, or lacks the signature of a trusted key or of
 *   the new key
 */
export function openHandover(note: string | Uint8Array, trusted: readonly Verifier[]): Verifier {
  const { text, signedBy } = openNote(note, trusted);
  const [first, from, to = '', end, ...more] = text.split('\n');
  if (first !== form || end !== '' || more.length > 0 || !signedBy.some((one) => one.verifierKey === from))
    throw new AshlarError('signature-invalid', {
      message: 'The note is not a handover of a key.',
      detail: 'A handover must name the new key and the former key, and the former key must have signed it.',
    });
  const next = parseVerifierKey(to);
  // the new key's signature shows that its holder agrees, and that it was not copied from somewhere
  openNote(note, [next]);
  return next;
}
