import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { Identity, Recipient } from 'age-encryption';
import { age } from './library.js';

// https://c2sp.org/age#scrypt-recipient-stanza. The library's scrypt blocks the event loop for a second; Node's runs in
// a thread
const label = 'age-encryption.org/v1/scrypt';
const name = 'scrypt';
const saltBytes = 16;
const tagBytes = 16;
const fileKeyBytes = 16;
/** 2^18, as in the age tool: about a second. */
const workFactor = 18;
/** A file with a higher factor could keep its readers busy for hours. */
const largestWorkFactor = 20;

const derive = (passphrase: string, salt: Uint8Array, factor: number): Promise<Buffer> => {
  const cost = 2 ** factor;
  const options = { N: cost, r: 8, p: 1, maxmem: 128 * 8 * cost + 1_048_576 };
  return new Promise((resolve, reject) =>
    scrypt(passphrase, Buffer.concat([Buffer.from(label), salt]), 32, options, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
};

const noNonce = Buffer.alloc(12);
const algorithm = 'chacha20-poly1305';

/** Creates an age recipient that encrypts a file with a passphrase; the file can have no other recipients. */
export function passphraseRecipient(passphrase: string): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const salt = randomBytes(saltBytes);
      const key = await derive(passphrase, salt, workFactor);
      const cipher = createCipheriv(algorithm, key, noNonce, { authTagLength: tagBytes });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      const { Stanza } = await age();
      return [new Stanza([name, base64(salt), String(workFactor)], body)];
    },
  };
}

/** Creates an age identity that decrypts files encrypted with a passphrase. */
export function passphraseIdentity(passphrase: string): Identity {
  return {
    unwrapFileKey: async (stanzas) => {
      const [stanza, ...others] = stanzas;
      if (stanza?.args[0] !== name || others.length > 0) return null;
      const [, salt = '', factor = ''] = stanza.args;
      const saltGiven = Buffer.from(salt, 'base64');
      const isSound =
        saltGiven.length === saltBytes &&
        base64(saltGiven) === salt &&
        /^[1-9]\d?$/.test(factor) &&
        Number(factor) <= largestWorkFactor &&
        stanza.body.length === fileKeyBytes + tagBytes;
      if (!isSound) return null;
      const key = await derive(passphrase, saltGiven, Number(factor));
      const decipher = createDecipheriv(algorithm, key, noNonce, { authTagLength: tagBytes });
      decipher.setAuthTag(stanza.body.subarray(fileKeyBytes));
      const fileKey = decipher.update(stanza.body.subarray(0, fileKeyBytes));
      try {
        decipher.final();
      } catch {
        return null;
      }
      return fileKey;
    },
  };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
