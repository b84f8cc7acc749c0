import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

// the server of npm that speaks S3 (s3rver) compares no signatures of version 4, and cannot list a second page

const bucket = 'documents';
const region = 'us-east-1';
const keyId = 'the-key-id';
const secret = 'the-secret';

/** A server that speaks the protocol of S3, as far as docuvault uses it, with an empty bucket in memory. */
export interface S3Server {
  /** The settings of docuvault for its bucket. */
  readonly environment: Readonly<Record<string, string>>;
  /** The keys of the bucket. */
  keys(): string[];
  /** Stores an object around the store. */
  put(key: string, text: string): void;
  stop(): Promise<void>;
}

/** Why a request is refused: the status and the code of S3. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

/** Starts the server on a free port of the loopback interface. */
export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, { readonly body: Buffer; readonly at: Date }>();
  const server = createServer(async (request, response) => {
    const refuse = (error: unknown): void => {
      const { status, code } = error instanceof Refused ? error : new Refused(500, 'InternalError');
      response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
      response.end(
        request.method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
      );
    };
    try {
      const body = await buffer(request);
      assertSigned(request, body);
      const url = new URL(request.url ?? '', 'http://s3');
      const [, name, key = ''] = url.pathname.split('/').map(decodeURIComponent);
      if (name !== bucket) throw new Refused(404, 'NoSuchBucket');
      if (key === '') {
        response.writeHead(200, { 'content-type': 'application/xml' }).end(listed(objects, url.searchParams));
        return;
      }
      if (request.method === 'PUT') objects.set(key, { body, at: new Date() });
      if (request.method === 'DELETE') objects.delete(key);
      const object = objects.get(key);
      if (request.method === 'GET' || request.method === 'HEAD') {
        if (!object) throw new Refused(404, 'NoSuchKey');
        response.writeHead(200, { 'content-length': object.body.length });
        response.end(request.method === 'GET' ? object.body : '');
      } else response.writeHead(request.method === 'PUT' ? 200 : 204).end();
    } catch (error) {
      refuse(error);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    environment: {
      S3_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${bucket}`,
      S3_ACCESS_KEY_ID: keyId,
      S3_SECRET_ACCESS_KEY: secret,
    },
    // without the mark of the store
    keys: () => [...objects.keys()].filter((key) => key !== 'docuvault-owner').sort(),
    put: (key, text) => {
      objects.set(key, { body: Buffer.from(text), at: new Date() });
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
const authorization =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** @throws Refused where the signature, or the hash of the body, is not right */
const assertSigned = (request: IncomingMessage, body: Buffer): void => {
  const [, id, day, signedRegion, names = '', signature] =
    authorization.exec(request.headers.authorization ?? '') ?? [];
  if (day === undefined) throw new Refused(403, 'AccessDenied');
  if (id !== keyId) throw new Refused(403, 'InvalidAccessKeyId');
  if (signedRegion !== region) throw new Refused(400, 'AuthorizationHeaderMalformed');
  const header = (name: string): string => String(request.headers[name] ?? '').trim();
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://s3');
  const query = [...searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const headers = names.split(';').map((name) => `${name}:${header(name)}\n`);
  const payload = header('x-amz-content-sha256');
  const canonical = [request.method, pathname, query, headers.join(''), names, payload].join('\n');
  const scope = `${day}/${signedRegion}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', header('x-amz-date'), scope, sha256(canonical)].join('\n');
  const key = [signedRegion, 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${secret}`, day));
  if (hmac(key, text).toString('hex') !== signature) throw new Refused(403, 'SignatureDoesNotMatch');
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body))
    throw new Refused(400, 'XAmzContentSHA256Mismatch');
};

/** The answer of ListObjectsV2. */
const listed = (
  objects: ReadonlyMap<string, { readonly body: Buffer; readonly at: Date }>,
  query: URLSearchParams,
): string => {
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
  const most = Math.min(Number(query.get('max-keys') ?? 1_000), 1_000);
  const keys = [...objects.keys()].filter((key) => key > after).sort();
  const page = keys.slice(0, most);
  const next = keys.length > most ? Buffer.from(page.at(-1) ?? '').toString('base64') : undefined;
  const contents = page.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>${objects.get(key)?.at.toISOString()}</LastModified><ETag>"x"</ETag><Size>${objects.get(key)?.body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>${bucket}</Name><KeyCount>${page.length}</KeyCount><IsTruncated>${next !== undefined}</IsTruncated>${contents.join('')}${next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}</ListBucketResult>`;
};
