import type { Attacker } from '../contract/attack.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Transaction } from '../contract/transaction.js';
import { everyScope, identifier } from '../model/index.js';

/** What one statement gave, and how many rows it changed where the driver tells. */
export interface Outcome {
  readonly rows: readonly Record<string, unknown>[];
  readonly changes: number;
}

/** An open transaction in the name of an attacker. It is always undone. */
export interface Hand {
  readonly as: Attacker;
  run(sql: string, parameters?: readonly unknown[]): Promise<Outcome>;
  /** Goes on in the scope of another; the owner acts in every scope. */
  actIn(scope: string | null): Promise<void>;
  /** Keeps what `work` did, unless it fails. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
  /** Undoes what `work` did, in any case. */
  undone<T>(work: () => Promise<T>): Promise<T>;
}

/** Who is recorded as the actor of everything that the proofs try. */
const proverActor = 'ashlar prove';

/** How long the owner waits for a lock that keeps others waiting behind him, in milliseconds. */
const ownerLockTimeout = 150;

interface Savepoints {
  set(name: string): Promise<void>;
  back(name: string): Promise<void>;
  release(name: string): Promise<void>;
}

const nested = ({ set, back, release }: Savepoints): Pick<Hand, 'attempt' | 'undone'> => {
  let depth = 0;
  const within = async <T>(work: () => Promise<T>, keep: boolean): Promise<T> => {
    const name = `ashlar_prove_${++depth}`;
    await set(name);
    let kept = false;
    try {
      const result = await work();
      kept = keep;
      return result;
    } finally {
      depth--;
      if (!kept) await back(name);
      await release(name);
    }
  };
  return { attempt: (work) => within(work, true), undone: (work) => within(work, false) };
};

const appHand = (transaction: Transaction): Hand => ({
  as: 'app',
  run: async (sql, parameters = []) => transaction.execute(sql, parameters),
  actIn: async (scope) => transaction.actAs({ actor: proverActor, scope }),
  ...nested({
    set: async (name) => transaction.savepoint(name),
    back: async (name) => transaction.rollbackTo(name),
    release: async (name) => transaction.release(name),
  }),
});

const ownerHand = (owner: Owner): Hand => ({
  as: 'owner',
  run: async (sql, parameters) => ({ rows: await owner.run(sql, parameters), changes: 0 }),
  actIn: async () => undefined,
  ...nested({
    set: (name) => owner.script(`SAVEPOINT ${identifier(name)}`),
    back: (name) => owner.script(`ROLLBACK TO SAVEPOINT ${identifier(name)}`),
    release: (name) => owner.script(`RELEASE SAVEPOINT ${identifier(name)}`),
  }),
});

const asApp = async <T>(engine: Engine, work: (hand: Hand) => Promise<T>): Promise<T> => {
  const transaction = await engine.begin({ mode: 'write', actor: proverActor, scope: everyScope });
  try {
    return await work(appHand(transaction));
  } finally {
    await transaction.rollback();
  }
};

// a transaction of the owner ends well or by an error: this is the error that ends it on purpose
class Undone<T> extends Error {
  readonly result: T;
  constructor(result: T) {
    super('undone on purpose');
    this.result = result;
  }
}

const asOwner = async <T>(engine: Engine, work: (hand: Hand) => Promise<T>): Promise<T> => {
  try {
    return await engine.asOwner((owner) =>
      owner.atomically(
        async () => {
          throw new Undone(await work(ownerHand(owner)));
        },
        { lockTimeout: ownerLockTimeout },
      ),
    );
  } catch (error) {
    if (error instanceof Undone) return error.result as T;
    throw error;
  }
};

/** Opens a transaction in the name of an attacker, gives it to `work`, and undoes all of it. */
export const withHand: <T>(engine: Engine, as: Attacker, work: (hand: Hand) => Promise<T>) => Promise<T> = (
  engine,
  as,
  work,
) => (as === 'app' ? asApp(engine, work) : asOwner(engine, work));
