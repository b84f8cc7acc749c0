import { identifier, literal } from '../../../model/index.js';
import type { Channel, Reply, Request } from '../wire/channel.js';
import { reseed, resetAndCommit, rollbackAndReset } from '../wire/lasting.js';
import {
  contextSettings,
  fixedSettings,
  type Settings,
  valueSettings,
  waitSettings,
} from '../wire/session-settings.js';
import { type Control, controlRequests } from './control.js';
import { readDatabaseSettings } from './database-settings.js';

// how the server reads the next statement; these two are ASCII
const readNext = ["SET LOCAL client_encoding = 'UTF8'", 'SET LOCAL standard_conforming_strings = on'];

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
  readonly #fixed: Settings;
  #text: string;
  #promised: string | undefined;

  /**
   * @param schemas - as those of {@link valueSettings}
   * @param lockTimeout - in milliseconds
   */
  constructor(schemas: readonly string[], lockTimeout: number) {
    this.#fixed = [
      ...valueSettings(schemas),
      ...fixedSettings,
      ...waitSettings(lockTimeout),
      ...contextSettings.map((name) => [name, ''] as const),
    ];
    this.#text = textOf(this.#fixed);
  }

  /** Reads the values of settings that depend on the database, in a transaction that is rolled back. */
  async learn(channel: Channel): Promise<void> {
    const { own, limits } = await readDatabaseSettings(channel);
    this.#text = textOf([...this.#fixed, ...own, ...limits]);
    this.#promised = own.find(([name]) => name === 'synchronous_commit')?.[1];
  }

  /**
   * Returns what begins a transaction and sets what it depends on, except for role and context.
   *
   * @param begin - BEGIN with its options, and what has to follow it at once, in ASCII
   */
  begin(...begin: readonly string[]): readonly Control[] {
    // two transactions would draw the same numbers where another client chose the seed
    return [...begin, ...readNext, `${this.#text}, ${reseed()}`];
  }

  /** Returns the message that resets the connection and commits its transaction. */
  resetAndCommit(): string {
    return resetAndCommit(this.#promised);
  }

  /** Returns a channel on which each request is a transaction of its own; one that reads is rolled back. */
  alone(channel: Channel, { mode, role, mayLast = false }: AloneOptions): Channel {
    const together = async (requests: readonly Request[]): Promise<Reply> => {
      const opening = [
        ...this.begin(`BEGIN ISOLATION LEVEL READ COMMITTED READ ${mode === 'read' ? 'ONLY' : 'WRITE'}`),
        `SET LOCAL ROLE ${role === null ? 'NONE' : identifier(role)}`,
      ];
      const undo = mayLast ? rollbackAndReset() : 'ROLLBACK';
      const [answer, ended] = await Promise.allSettled([
        channel.together([...requestsOf(opening), ...requests]),
        channel.send({ text: mode === 'read' ? undo : 'COMMIT' }),
      ]);
      if (answer.status === 'rejected') throw answer.reason;
      if (ended.status === 'rejected') throw ended.reason;
      return answer.value;
    };
    return { role: undefined, together, send: (request) => together([request]) };
  }

  /** Runs `work` in a transaction that reads: until it ends, what is sent on the channel reaches the same connection. */
  async holding<T>(channel: Channel, work: () => Promise<T>): Promise<T> {
    const opening = [...this.begin('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY'), 'SET LOCAL ROLE NONE'];
    try {
      await channel.together(requestsOf(opening));
      return await work();
    } finally {
      await channel.send({ text: 'ROLLBACK' }).catch(() => undefined);
    }
  }
}

const textOf = (settings: Settings): string =>
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
