import { AshlarError } from '../errors.js';
import { openNote, parseVerifierKey, type Signer, signNote, type Verifier } from './note.js';

const form = 'ashlar/signer-handover/v1';

/**
 * The statement that checkpoints will be signed by another key, as a C2SP signed note of both keys. That both have signed
 * one checkpoint would not say it: a signature does not cover those beside it, so anybody can put his own there.
 */
export function formatHandover(from: Signer, to: Signer): string {
  return signNote(`${form}\n${from.verifierKey}\n${to.verifierKey}\n`, from, to);
}

/**
 * The key that a trusted one hands over to.
 *
 * @param trusted - whose checkpoints are believed so far
 * @throws AshlarError `signature-invalid` where it is no handover, or not signed by a trusted key and the new one
 */
export function openHandover(note: string | Uint8Array, trusted: readonly Verifier[]): Verifier {
  const { text, signedBy } = openNote(note, trusted);
  const [first, from, to = '', end, ...more] = text.split('\n');
  if (first !== form || end !== '' || more.length > 0 || !signedBy.some((one) => one.verifierKey === from))
    throw new AshlarError('signature-invalid', {
      message: 'The note hands no key over.',
      detail: 'It names the former key, which has signed it, and the new one.',
    });
  const next = parseVerifierKey(to);
  // that the new key is somebody's who holds it, and not copied from another's
  openNote(note, [next]);
  return next;
}
