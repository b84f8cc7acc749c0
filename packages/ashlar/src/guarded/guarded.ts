import { AshlarError } from '../errors.js';
import { transactionsOf } from './clients.js';
import { begin, finish, type Learned, learn, type Place } from './context.js';
import { SealSoon } from './seal-soon.js';
import { isAborted, isContextRefused, ownFailure } from './tool-error.js';
import type { PlainTransaction, ToolTransactions, TransactionOf } from './types.js';
import { aborted, nested } from './usage.js';

/** In whose name a transaction acts. */
export interface GuardedContext {
  /** The user or process that acts: `user:42`. The audit trail records it. `null` if there is no actor. */
  readonly actor: string | null;
  /** The tenant whose rows of scoped tables the transaction can reach; `'*'` for every one, `null` for none. */
  readonly scope: string | null;
}

/** The options of {@link guarded}. */
export interface GuardedOptions {
  /** The key that signs contexts, 64 hex digits; '' for none. Default: the environment variable SCOPE_KEY. */
  readonly scopeKey?: string | undefined;
  /** The schema of Ashlar's own objects, as in `guard(…, { own })`. Default `ashlar`. */
  readonly own?: string | undefined;
  /** The application's role, which a connection of the owner steps down to. Default `ashlar_app`. */
  readonly appRole?: string | undefined;
  /** Whether a connection of the owner that cannot step down to that role may act as the owner. Default false. */
  readonly allowOwner?: boolean | undefined;
  /** Whether ledgers are sealed after the commit; over a pool in the background, at most every 200 ms. Default true. */
  readonly seal?: boolean | undefined;
  /**
   * Passed on to the tool's transaction: `{ isolationLevel, accessMode }` for pg, Kysely and Drizzle, `{ isolationLevel, maxWait,
   * timeout }` for Prisma.
   */
  readonly transaction?: PlainTransaction | object | undefined;
}

/** What is known of one client, and one place in its database. */
interface Known {
  readonly client: ToolTransactions;
  readonly sealing: SealSoon;
  learned: Promise<Learned> | undefined;
  /** When it was learned, as `performance.now()`. */
  learnedAt: number;
}

/** How long what was learned is used, in milliseconds: ledgers and memberships of roles change. */
const longestUse = 300_000;

const known = new WeakMap<object, Map<string, Known>>();
/** The connections of clients without a pool on which a transaction of `guarded` runs. */
const busy = new WeakSet<object>();

/**
 * Runs a callback in a transaction of another tool, in which the guarantees of a guard know the actor and the scope. The context
 * is signed with SCOPE_KEY, and gone at the end of the transaction, so that any pool and pooler may be between. Where the client
 * connects as a user who could lift the guarantees, the transaction steps down to the application's role. What SQL has left on the
 * connection does not reach its next transaction (decision 0040).
 *
 * @param client - a `Pool` or `Client` of pg, a `Kysely`, a Drizzle database over PostgreSQL, or a `PrismaClient`
 * @param work - gets the transaction of that tool. An error that leaves it rolls back and is thrown unchanged
 * @returns what `work` returned, after the commit
 * @throws AshlarError `usage` for another client, or one that is in a transaction; `database-missing` before `ashlar guard up`;
 *   `role-too-strong`; `scope-key-missing`, `scope-key-wrong`, `scope-key-absent`, `context-refused`; `session-aborted`;
 *   `session-ended` from the object of a transaction that has ended; `connection-lost`, `statement-timeout`, `lock-timeout`,
 *   `privilege-missing` and `statement-failed` from the statements of `guarded` itself
 *
 * @example
 * await guarded(pool, { actor: user.id, scope: user.orgId }, (client) => client.query('…'));      // pg
 * await guarded(db, { actor, scope }, (tx) => tx.insert(orders).values(order));                   // Drizzle
 * await guarded(prisma, { actor, scope }, (tx) => tx.order.create({ data }));                     // Prisma
 * await guarded(db, { actor, scope }, (trx) => trx.insertInto('orders').values(order).execute()); // Kysely
 */
export async function guarded<C extends object, T>(
  client: C,
  context: GuardedContext,
  work: (tx: TransactionOf<C>) => PromiseLike<T>,
  options: GuardedOptions = {},
): Promise<T> {
  const place = placeOf(options);
  const values = { actor: textOf('actor', context.actor), scope: textOf('scope', context.scope) };
  const state = stateOf(client, place);
  const { connection } = state.client;
  if (!connection) return run(state, place, values, work as Work<T>, options);
  if (busy.has(connection)) throw nested();
  busy.add(connection);
  try {
    return await run(state, place, values, work as Work<T>, options);
  } finally {
    busy.delete(connection);
  }
}

type Work<T> = (tx: object) => PromiseLike<T>;

const run = async <T>(
  state: Known,
  place: Place,
  values: { readonly actor: string; readonly scope: string },
  work: Work<T>,
  { transaction, seal = true }: GuardedOptions,
): Promise<T> => {
  for (let isRepeated = false; ; isRepeated = true) {
    const learned = await facts(state, place);
    let isRefused = false;
    try {
      const result = await state.client.transaction(transaction as PlainTransaction, async (tx, runIn) => {
        const begun = await begin(runIn, place, learned, values).catch((error: unknown) => {
          isRefused = isContextRefused(error);
          throw own(error);
        });
        const returned = await work(tx);
        await finish(runIn, begun).catch((error: unknown) => {
          throw isAborted(error) ? aborted() : own(error);
        });
        return returned;
      });
      if (seal) await state.sealing.afterCommit(learned.seals);
      return result;
    } catch (error) {
      if (!isRefused) throw error;
      // the key was rotated, or the clock is another: nothing of `work` has run
      state.learned = undefined;
      if (isRepeated) throw contextRefused();
    }
  }
};

const own = (error: unknown): AshlarError => (error instanceof AshlarError ? error : ownFailure(error));

const facts = (state: Known, place: Place): Promise<Learned> => {
  const now = performance.now();
  if (state.learned && now - state.learnedAt < longestUse) return state.learned;
  state.learnedAt = now;
  state.learned = learn(state.client, place).catch((error: unknown) => {
    state.learned = undefined;
    throw error;
  });
  return state.learned;
};

const placeOf = ({
  own = 'ashlar',
  appRole = 'ashlar_app',
  allowOwner = false,
  scopeKey,
}: GuardedOptions): Place => ({
  own,
  appRole,
  allowOwner,
  scopeKey: (scopeKey ?? process.env.SCOPE_KEY) || undefined,
});

const stateOf = (client: object, place: Place): Known => {
  const places = known.get(client) ?? new Map<string, Known>();
  known.set(client, places);
  const key = JSON.stringify([place.own, place.appRole, place.allowOwner, place.scopeKey]);
  let state = places.get(key);
  if (!state) {
    const transactions = transactionsOf(client);
    state = { client: transactions, sealing: new SealSoon(transactions), learned: undefined, learnedAt: 0 };
    places.set(key, state);
  }
  return state;
};

const textOf = (name: 'actor' | 'scope', value: unknown): string => {
  if (value === null) return '';
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) return value;
  throw new AshlarError('usage', {
    message: `guarded(…) was given no ${name}.`,
    detail: 'It is a text without NUL, or null.',
    suggestion: 'Pass both: guarded(client, { actor: user.id, scope: user.orgId }, work).',
  });
};

const contextRefused = (): AshlarError =>
  new AshlarError('context-refused', {
    message: 'The database refused the actor and the scope of this transaction, twice.',
    detail:
      'Its keys were changed meanwhile, or the transaction began more than 5 seconds before its first statement.',
    suggestion: 'Run the work again, and compare SCOPE_KEY with that of `ashlar guard up`.',
  });
