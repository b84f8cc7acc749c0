import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3mini } from 's3mini';
import S3rver from 's3rver';

const bucket = 'documents';
const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** A server that speaks the protocol of S3 and verifies signatures, with an empty bucket. */
export interface S3Server {
  /** The settings of docuvault for its bucket. */
  readonly environment: Readonly<Record<string, string>>;
  /** The keys of the bucket. */
  keys(): Promise<string[]>;
  /** Stores an object around the store. */
  put(key: string, text: string): Promise<void>;
  /** The regions for which requests were signed, each once. */
  regions(): string[];
  stop(): Promise<void>;
}

/** Starts s3rver on a free port of the loopback interface. */
export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-s3-'));
  const s3rver = new S3rver({ directory, silent: true, configureBuckets: [{ name: bucket, configs: [] }] });
  await s3rver.configureBuckets();
  const handle = s3rver.callback();
  const regions = new Set<string>();
  const server = createServer((request, response) => {
    const [, region] = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    if (region !== undefined) regions.add(region);
    handle(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${bucket}`;
  const client = new S3mini({ ...credentials, endpoint: url, region: 'us-east-1' });
  return {
    environment: {
      S3_URL: url,
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    keys: async () => (await client.listObjects('/', ''))?.map(({ Key }) => Key).sort() ?? [],
    put: async (key, text) => {
      await client.putObject(key, text);
    },
    regions: () => [...regions],
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await rm(directory, { recursive: true, force: true });
    },
  };
}
