import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PgChannel } from '../../../src/engines/postgres/server/pg-channel.js';
import type { Reply } from '../../../src/engines/postgres/wire/channel.js';

const message = (type: string, ...parts: readonly (string | Buffer)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const ready = (status: string): Buffer => message('Z', status);
const done = (tag: string): Buffer => message('C', `${tag}\0`);
const parsed = Buffer.concat([message('1'), message('2'), message('n')]);
const refused = message('E', 'SERROR\0VERROR\0C40001\0Mno\0\0');

/** The answers to statements of a transaction, by what each answers and by the status after it. */
const answers: Readonly<Record<string, Buffer>> = {
  'simple, then open': Buffer.concat([done('SET'), ready('T')]),
  'extended, then open': Buffer.concat([parsed, done('INSERT 0 1'), ready('T')]),
  'together, then open': Buffer.concat([parsed, done('SET'), parsed, done('INSERT 0 1'), ready('T')]),
  'an error': Buffer.concat([refused, ready('E')]),
  'an end': Buffer.concat([done('ROLLBACK'), ready('I')]),
};

describe('the status after each of several statements whose answers arrive at once', () => {
  let server: Server;
  let socket: Socket;
  let client: pg.Client;
  let channel: PgChannel;
  beforeAll(async () => {
    // a server that answers when it is told to
    server = createServer((each) => {
      socket = each;
      each.once('data', () => each.write(Buffer.concat([message('R', Buffer.alloc(4)), ready('I')])));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    client = new pg.Client({
      host: '127.0.0.1',
      port,
      user: 'u',
      pipeline: true,
      types: { getTypeParser: () => String },
    } as unknown as pg.ClientConfig);
    client.on('error', () => undefined);
    await client.connect();
    channel = new PgChannel(client, false);
  });
  afterAll(() => {
    socket.destroy();
    server.close();
  });

  const statement = (kind: string): Promise<Reply> =>
    kind.startsWith('together')
      ? channel.together([{ text: 'SET x.y = 1' }, { text: 'INSERT', values: [] }])
      : channel.send({ text: 'INSERT', ...(kind.startsWith('extended') ? { values: [] } : {}) });

  const kinds = Object.keys(answers);
  it.each(kinds.flatMap((first) => kinds.map((second) => [first, second] as const)))(
    'is its own: %s, before %s',
    async (...both) => {
      const pending = Promise.allSettled(both.map(statement));
      await new Promise((resolve) => socket.once('data', resolve));
      socket.write(Buffer.concat(both.map((kind) => answers[kind] as Buffer)));
      const outcome = (await pending).map((each) =>
        each.status === 'fulfilled' ? each.value.inTransaction : (each.reason as { code: string }).code,
      );
      expect(outcome).toEqual(
        both.map((kind) => (kind.endsWith('open') ? true : kind === 'an end' ? false : '40001')),
      );
    },
  );
});
