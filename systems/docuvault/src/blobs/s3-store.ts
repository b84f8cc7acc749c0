import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { AshlarError, type Secret } from 'ashlar';
import { S3mini } from 's3mini';
import { type BlobStore, bytesMissing, isKey } from './blob-store.js';
import { cleanIncoming, type Received, receive } from './incoming.js';

/** A bucket, and how it is used. */
export interface S3StoreOptions {
  /** The URL of the bucket: `https://s3.example.org/bucket`, or `https://bucket.s3.example.org`. */
  readonly url: string;
  readonly region: string;
  readonly access_key_id: string;
  readonly secret_access_key: Secret;
  /** The folder that receives content, so that its size and hash are known before it is sent. */
  readonly folder: string;
  /**
   * How old content must be, in hours, before a sweep removes it because no document has its key. Default 24. An upload
   * must write its row within half of that time after it began to send.
   */
  readonly grace_hours?: number | undefined;
  /** The longest that one request may take, in seconds. Default 300. */
  readonly timeout_seconds?: number | undefined;
}

/** The object that has the id of the database's store. */
const markKey = 'docuvault-owner';

/** How many keys a request lists: the most that S3 returns. */
const listedAtOnce = 1_000;

/**
 * Creates a blob store in a bucket of S3 or of a server that speaks its protocol. Content is an object with the key of its
 * document. It is received into a local file and sent before the transaction that writes its row, so that no transaction
 * waits for the network. A bucket has no locks that a transaction could hold; a sweep therefore leaves objects alone that
 * are younger than `grace_hours`: the server says when it got them, and the clock of this machine what time it is.
 */
export function s3Store({
  folder,
  url,
  region,
  access_key_id,
  secret_access_key,
  grace_hours = 24,
  timeout_seconds = 300,
}: S3StoreOptions): BlobStore {
  const client = new S3mini({
    endpoint: url,
    region,
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key.reveal(),
    requestAbortTimeout: timeout_seconds * 1_000,
    fetch: streaming,
  });
  const incoming = join(resolve(folder), 'incoming');
  const grace = grace_hours * 3_600_000;
  return {
    stage: async (source, { limit }) => {
      const received = await receive(incoming, source, limit);
      let sentAt: number | undefined;
      return {
        sha256: received.sha256,
        size: received.size,
        key: received.key,
        discard: received.discard,
        store: async () => {
          // a clock that is never set back
          sentAt = performance.now();
          await failing('sent', () => put(client, checkedKey(received.key), received));
        },
        assertKept: () => {
          if (sentAt === undefined || performance.now() - sentAt > grace / 2) throw sentTooEarly();
        },
      };
    },
    read: async (key) => {
      const response = await failing('read', () => client.getObjectResponse(checkedKey(key)));
      if (!response) throw bytesMissing(key);
      return response.body ? Readable.fromWeb(response.body as ReadableStream) : Readable.from([]);
    },
    has: async (key) => (await failing('read', () => client.objectExists(checkedKey(key)))) === true,
    remove: async (key) => {
      await failing('removed', () => client.deleteObject(checkedKey(key)));
    },
    mark: async () => (await failing('read', () => client.getObject(markKey))) ?? undefined,
    setMark: async (id) => {
      await failing('sent', () => client.putObject(markKey, id, 'text/plain'));
    },
    list: async function* () {
      const youngest = Date.now() - grace;
      let after: string | undefined;
      do {
        const token = after;
        const page = await failing('listed', () => client.listObjectsPaged('/', '', listedAtOnce, token));
        if (!page?.objects) throw storeFailed('listed', 'The bucket does not exist.');
        for (const { Key, LastModified } of page.objects)
          if (isKey(Key) && new Date(LastModified).getTime() <= youngest) yield Key;
        after = page.nextContinuationToken;
      } while (after !== undefined);
    },
    clean: () => cleanIncoming(incoming),
  };
}

const put = (client: S3mini, key: string, { path, sha256, size }: Received) =>
  client.putObject(
    key,
    // a stream of no bytes has no length that could be sent
    size === 0 ? Buffer.alloc(0) : (Readable.toWeb(createReadStream(path)) as globalThis.ReadableStream),
    'application/octet-stream',
    undefined,
    // the server compares the content with the hash
    { 'x-amz-content-sha256': sha256 },
    size,
  );

// Node's fetch asks for `duplex` where a body is a stream
const streaming: typeof fetch = (input, init) =>
  fetch(input, { ...init, ...(init?.body ? { duplex: 'half' } : {}) } as RequestInit);

const checkedKey = (key: string): string => {
  if (!isKey(key)) throw bytesMissing(key);
  return key;
};

const failing = async <T>(done: string, request: () => Promise<T>): Promise<T> => {
  try {
    return await request();
  } catch (error) {
    if (error instanceof AshlarError) throw error;
    throw storeFailed(done, error instanceof Error ? error.message : String(error), error);
  }
};

const storeFailed = (done: string, detail: string, cause?: unknown): AshlarError =>
  new AshlarError('store-failed', {
    message: `The content of documents could not be ${done} in the bucket.`,
    detail,
    suggestion: 'Check S3_URL, S3_REGION and the keys, and that the server can be reached. Then try again.',
    cause,
  });

const sentTooEarly = (): AshlarError =>
  new AshlarError('store-failed', {
    message: 'The row of the document was written too long after its content was sent.',
    detail: 'A sweep could have removed the content.',
    suggestion: 'Nothing was stored. Upload the document again.',
  });
