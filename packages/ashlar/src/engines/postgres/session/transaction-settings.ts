import { identifier, literal } from '../../../model/index.js';
import type { Channel, Reply, Request } from '../wire/channel.js';
import { rollbackAndReset } from '../wire/lasting.js';
import {
  contextSettings,
  meaningfulSettings,
  valueSettings,
  waitSettings,
} from '../wire/session-settings.js';
import { type Control, controlRequests, sendTogether } from './control.js';

// the encoding in which the server reads the next message; this one is ASCII
const readNext = "SET LOCAL client_encoding = 'UTF8'; SET LOCAL standard_conforming_strings = on";

const defaults = `SELECT name, reset_val FROM pg_catalog.pg_settings WHERE name IN (${meaningfulSettings.map(literal).join(', ')})`;

/** A transaction that consists of one request. */
interface AloneOptions {
  readonly mode: 'read' | 'write';
  /** The role that it acts as; `null` for the connected user. */
  readonly role: string | null;
  /** Whether the request may change the connection beyond the transaction. */
  readonly mayLast?: boolean;
}

/**
 * What each transaction sets itself, where a pooler gives it a connection that other clients used before and will use
 * next (decision 0030).
 */
export class TransactionSettings {
  readonly #fixed: readonly (readonly [name: string, value: string])[];
  #text: string;

  /**
   * @param schemas - as those of {@link valueSettings}
   * @param lockTimeout - in milliseconds
   */
  constructor(schemas: readonly string[], lockTimeout: number) {
    this.#fixed = [
      ...valueSettings(schemas),
      ...waitSettings(lockTimeout),
      ...contextSettings.map((name) => [name, ''] as const),
    ];
    this.#text = textOf(this.#fixed);
  }

  /**
   * Reads the values that the server, the database and the role give to further settings. Another client may have set
   * others on the connection, but cannot change these.
   */
  async learn(channel: Channel): Promise<void> {
    const { rows } = await channel.send({ text: defaults });
    this.#text = textOf([...this.#fixed, ...rows.map(([name, value]) => [name ?? '', value ?? ''] as const)]);
  }

  /**
   * Returns what begins a transaction and sets what it depends on, except for role and context.
   *
   * @param begin - BEGIN with its options, in ASCII
   */
  begin(begin: string): readonly Control[] {
    return [{ text: `${begin}; ${readNext}` }, this.#text];
  }

  /** Returns a channel on which each request is a transaction of its own; one that reads is rolled back. */
  alone(channel: Channel, { mode, role, mayLast = false }: AloneOptions): Channel {
    const opening = [
      ...this.begin(`BEGIN ISOLATION LEVEL READ COMMITTED READ ${mode === 'read' ? 'ONLY' : 'WRITE'}`),
      `SET LOCAL ROLE ${role === null ? 'NONE' : identifier(role)}`,
    ];
    const reset = mayLast ? rollbackAndReset : 'ROLLBACK';
    const end: Request = { text: mode === 'read' ? reset : 'COMMIT' };
    const send = async (request: Request): Promise<Reply> => {
      const [answer, ended] = await Promise.allSettled([
        sendTogether(channel, requestsOf(opening), request, (error) => error),
        channel.send(end),
      ]);
      if (answer.status === 'rejected') throw answer.reason;
      if (ended.status === 'rejected') throw ended.reason;
      return answer.value;
    };
    return { role: undefined, send };
  }

  /** Runs `work` in a transaction that reads: until it ends, what is sent on the channel reaches the same connection. */
  async holding<T>(channel: Channel, work: () => Promise<T>): Promise<T> {
    const opening = [...this.begin('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY'), 'SET LOCAL ROLE NONE'];
    try {
      await Promise.all(requestsOf(opening).map((request) => channel.send(request)));
      return await work();
    } finally {
      await channel.send({ text: 'ROLLBACK' }).catch(() => undefined);
    }
  }
}

const textOf = (settings: readonly (readonly [name: string, value: string])[]): string =>
  // qualified, because the path that another client left may lead elsewhere
  `SELECT ${settings.map(([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`).join(', ')}`;

const requestsOf = (control: readonly Control[]): readonly Request[] =>
  controlRequests(control, () => undefined);

/** Runs `work` on a channel whose connection stays the same meanwhile, behind a pooler too. */
export function holding<T>(
  settings: TransactionSettings | undefined,
  channel: Channel,
  work: () => Promise<T>,
): Promise<T> {
  return settings ? settings.holding(channel, work) : work();
}
