import type { Channel, Lease, Leases, Reply, Request } from '../wire/channel.js';
import type { ColumnCodecs } from '../wire/column-codecs.js';
import { isConnectionLost, isStaleStatement } from '../wire/driver-error.js';
import { type Lasting, resetConnection } from '../wire/lasting.js';
import { wireValues } from '../wire/parameters.js';
import { isKept, isPlainRead } from '../wire/statement-kind.js';
import { setRole } from './connected-role.js';
import type { TransactionSettings } from './transaction-settings.js';

const attempts = 3;

/** Where and how statements outside sessions are read. */
export interface Reading {
  readonly leases: Leases;
  readonly codecs: ColumnCodecs;
  /** The role that reads; `null` for the connected user. */
  readonly role: string | null;
  readonly lasting: Lasting;
  /** What each transaction sets itself; `undefined` where connections keep their settings. */
  readonly settings: TransactionSettings | undefined;
}

/** Runs one statement that reads outside a session. A connection that turns out to be dead is replaced. */
export async function read(reading: Reading, sql: string, parameters: readonly unknown[]): Promise<Reply> {
  const request = { text: sql, values: wireValues(parameters), keep: isKept(sql) && parameters.length > 0 };
  const send = reading.settings ? inTransaction(reading, reading.settings) : onConnection(reading);
  for (let attempt = 1; ; attempt++) {
    const lease = await reading.leases.take();
    let isUnfit = false;
    try {
      return await send(lease, request);
    } catch (error) {
      const isReplaceable = isConnectionLost(error) || isStaleStatement(error);
      // what the statement did to the connection before it failed was not reset
      isUnfit = isReplaceable || reading.lasting.mayLast(sql);
      if (!isReplaceable || attempt === attempts) throw error;
    } finally {
      lease.release(isUnfit);
    }
  }
}

type Send = (lease: Lease, request: Request) => Promise<Reply>;

const inTransaction =
  ({ role, lasting, codecs }: Reading, settings: TransactionSettings): Send =>
  async ({ channel }, request) => {
    const alone = settings.alone(channel, { mode: 'read', role, mayLast: lasting.mayLast(request.text) });
    const reply = await alone.send(request);
    await codecs.learn(reply, alone);
    return reply;
  };

const onConnection =
  ({ role, lasting, codecs }: Reading): Send =>
  async ({ channel }, request) => {
    const reply = await readOnce(channel, request, role);
    if (lasting.mayLast(request.text)) await reset(channel);
    await codecs.learn(reply, channel);
    return reply;
  };

const readOnce = async (channel: Channel, request: Request, role: string | null): Promise<Reply> => {
  const isPlain = isPlainRead(request.text);
  const isActing = channel.role === role;
  const acting = isActing ? [] : [setRole(role)];
  if (isPlain) {
    const reply = await channel.together([...acting, request]);
    channel.role = role;
    return reply;
  }
  // the ROLLBACK also takes back a role that was set in the transaction
  const [answer] = await Promise.allSettled([
    channel.together([{ text: 'BEGIN READ ONLY' }, ...acting, request]),
    channel.send({ text: 'ROLLBACK' }),
  ]);
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
};

const reset = async (channel: Channel): Promise<void> => {
  await channel.send({ text: resetConnection() });
  channel.role = null;
};
