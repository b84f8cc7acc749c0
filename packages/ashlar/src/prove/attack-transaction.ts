import type { Attack, Attacker } from '../contract/attack.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Transaction } from '../contract/transaction.js';
import { everyScope, identifier } from '../model/index.js';

/** The result of one SQL statement: its rows, and the number of changed rows if the driver reports it. */
export interface StatementResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly changes: number;
}

/** An open transaction with the rights of an attacker. It is always rolled back. */
export interface AttackTransaction {
  readonly as: Attacker;
  run(sql: string, parameters?: readonly unknown[]): Promise<StatementResult>;
  /** Sets the scope of the session; this has no effect for the owner, who acts in every scope. */
  useScope(scope: string | null): Promise<void>;
  /** Runs `work` in a savepoint, which is rolled back only if `work` throws. */
  inSavepoint<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` in a savepoint that is always rolled back. */
  rolledBack<T>(work: () => Promise<T>): Promise<T>;
}

/** The name that is recorded as the actor of every attack. */
export const proverActor = 'ashlar prove';

/** How long the owner waits for a lock, in milliseconds: other sessions queue behind the request. */
const ownerLockTimeout = 150;

interface Savepoints {
  set(name: string): Promise<void>;
  back(name: string): Promise<void>;
  release(name: string): Promise<void>;
}

const nested = ({
  set,
  back,
  release,
}: Savepoints): Pick<AttackTransaction, 'inSavepoint' | 'rolledBack'> => {
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
  return { inSavepoint: (work) => within(work, true), rolledBack: (work) => within(work, false) };
};

const ofApp = (transaction: Transaction): AttackTransaction => ({
  as: 'app',
  run: async (sql, parameters = []) => transaction.execute(sql, parameters),
  useScope: async (scope) => transaction.actAs({ actor: proverActor, scope }),
  ...nested({
    set: async (name) => transaction.savepoint(name),
    back: async (name) => transaction.rollbackTo(name),
    release: async (name) => transaction.release(name),
  }),
});

const ofOwner = (owner: Owner): AttackTransaction => ({
  as: 'owner',
  run: async (sql, parameters) => ({ rows: await owner.run(sql, parameters), changes: 0 }),
  useScope: async () => undefined,
  ...nested({
    set: (name) => owner.script(`SAVEPOINT ${identifier(name)}`),
    back: (name) => owner.script(`ROLLBACK TO SAVEPOINT ${identifier(name)}`),
    release: (name) => owner.script(`RELEASE SAVEPOINT ${identifier(name)}`),
  }),
});

const asApp = async <T>(engine: Engine, work: (transaction: AttackTransaction) => Promise<T>): Promise<T> => {
  const transaction = await engine.begin({ mode: 'write', actor: proverActor, scope: everyScope });
  try {
    return await work(ofApp(transaction));
  } finally {
    await transaction.rollback();
  }
};

// a transaction of the owner commits unless an error ends it: this error rolls it back on purpose
class RolledBack<T> extends Error {
  readonly result: T;
  constructor(result: T) {
    super('rolled back on purpose');
    this.result = result;
  }
}

const asOwner = async <T>(
  engine: Engine,
  otherProgram: boolean,
  work: (transaction: AttackTransaction) => Promise<T>,
): Promise<T> => {
  try {
    return await engine.asOwner((owner) =>
      owner.atomically(
        async () => {
          throw new RolledBack(await work(ofOwner(owner)));
        },
        { lockTimeout: ownerLockTimeout, otherProgram },
      ),
    );
  } catch (error) {
    if (error instanceof RolledBack) return error.result as T;
    throw error;
  }
};

/**
 * Opens a transaction with the rights of an attacker, calls `work` with it, and rolls it back.
 *
 * @param otherProgram - whether the owner has the settings of another program: see {@link Attack.otherProgram}
 */
export function withAttackTransaction<T>(
  engine: Engine,
  { as, otherProgram = false }: { readonly as: Attacker; readonly otherProgram?: boolean },
  work: (transaction: AttackTransaction) => Promise<T>,
): Promise<T> {
  return as === 'app' ? asApp(engine, work) : asOwner(engine, otherProgram, work);
}
