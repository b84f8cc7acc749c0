import { randomBytes } from 'node:crypto';
import { bytes, type ColumnKeys, ciphertext, id, table, timestamps } from 'ashlar';
import { encrypted, keyring } from 'ashlar/guarantees';
import { z } from 'zod';

export const dataKeys = keyring('data_keys');

/** Dossiers that are encrypted with a key for each client. */
export const dossiers = table(
  'dossiers',
  {
    id: id(),
    client_id: z.string().min(1),
    title: z.string(),
    email: ciphertext(z.email().max(254)).nullable(),
    email_index: bytes().nullable(),
    note: ciphertext(z.string()).default('nothing yet'),
    facts: ciphertext(z.record(z.string(), z.json())).default({}),
    cents: ciphertext(z.int()).nullable(),
    ...timestamps(),
  },
  (c) => [
    encrypted({
      scope: c.client_id,
      keys: dataKeys,
      blindIndex: { of: c.email, into: c.email_index, fold: (email) => email.toLowerCase() },
    }),
  ],
);

/** Rows with a composite key. */
export const answers = table(
  'answers',
  { id: id(), client_id: z.uuid(), text: ciphertext(z.string()) },
  (c) => [encrypted({ scope: c.client_id, keys: dataKeys })],
);

export const tables = { dossiers, answers, dataKeys };

export const masterKey = (version: number): string => `${version}:${randomBytes(32).toString('hex')}`;
export const columnKeys = (): ColumnKeys => ({ current: masterKey(1) });
