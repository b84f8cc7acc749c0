import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';

/** The length of a key in bytes. */
export const keyBytes = 32;
/** The length of a nonce in bytes. */
export const nonceBytes = 24;
/** The length of an authentication tag in bytes. */
export const tagBytes = 16;

const blockBytes = 16;
const gcm = 'aes-256-gcm';

const encryptBlocks = (key: KeyObject, blocks: Uint8Array): Buffer => {
  const cipher = createCipheriv('aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(blocks), cipher.final()]);
};

// the CMAC subkey K1 of NIST SP 800-38B section 6.1: doubling in GF(2^128)
const subkeyMask = (key: KeyObject): Uint8Array => {
  const block = encryptBlocks(key, new Uint8Array(blockBytes));
  const doubled = new Uint8Array(blockBytes);
  for (let i = 0; i < blockBytes; i++) {
    doubled[i] = (((block[i] ?? 0) << 1) | ((block[i + 1] ?? 0) >> 7)) & 0xff;
  }
  if ((block[0] ?? 0) & 0x80) doubled[blockBytes - 1] = (doubled[blockBytes - 1] ?? 0) ^ 0x87;
  return doubled;
};

/**
 * A key for XAES-256-GCM (c2sp.org/XAES-256-GCM), which derives a separate AES-256-GCM key for each nonce. Its random
 * nonces of 192 bits are safe for 2^80 messages, GCM's own of 96 bits only for 2^32. Keep the object: it computes
 * once what depends on the key alone. It never prints.
 */
export class XaesKey {
  readonly #key: KeyObject;
  readonly #mask: Uint8Array;

  /** @param key - 32 bytes; they are copied */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
    this.#mask = subkeyMask(this.#key);
  }

  /** Encrypts bytes with this key and the given nonce. @returns the ciphertext followed by its tag of 16 bytes */
  encrypt(nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Buffer {
    const cipher = createCipheriv(gcm, this.#derive(nonce), nonce.subarray(12), { authTagLength: tagBytes });
    cipher.setAAD(associated);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /**
   * Decrypts the result of {@link XaesKey.encrypt}; returns `undefined` if the result, the nonce or the associated
   * data was changed.
   */
  decrypt(nonce: Uint8Array, ciphertext: Uint8Array, associated: Uint8Array): Buffer | undefined {
    if (nonce.length !== nonceBytes || ciphertext.length < tagBytes) return undefined;
    const end = ciphertext.length - tagBytes;
    const decipher = createDecipheriv(gcm, this.#derive(nonce), nonce.subarray(12), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(associated);
    decipher.setAuthTag(ciphertext.subarray(end));
    const plaintext = decipher.update(ciphertext.subarray(0, end));
    try {
      decipher.final();
      return plaintext;
    } catch {
      // do not leave behind plaintext that is not authenticated
      plaintext.fill(0);
      return undefined;
    }
  }

  // NIST SP 800-108r1 in counter mode over CMAC: label X, context the first half of the nonce
  #derive(nonce: Uint8Array): Buffer {
    const blocks = new Uint8Array(2 * blockBytes);
    for (const [i, at] of [0, blockBytes].entries()) {
      blocks.set([0, i + 1, 0x58, 0], at);
      blocks.set(nonce.subarray(0, 12), at + 4);
      for (let j = 0; j < blockBytes; j++) blocks[at + j] = (blocks[at + j] ?? 0) ^ (this.#mask[j] ?? 0);
    }
    return encryptBlocks(this.#key, blocks);
  }
}
