import type { Owner } from '../../src/contract/owner.js';
import { describeWithin } from '../../src/engines/postgres/catalogue/describe.js';
import { compareWithSteps, comparisonOf } from '../../src/migrations/catalogue/with-steps.js';
import { driftOf } from '../../src/migrations/drift.js';
import { readHistory } from '../../src/migrations/history.js';
import { defaultRoles } from '../../src/roles/names.js';
import { wantedRights } from '../../src/roles/wanted.js';
import type { InitialisedDatabase } from '../prove/support.js';

class Undone extends Error {}

/** A changed database, in a transaction that is rolled back. */
export interface Changed {
  readonly owner: Owner;
  /** The findings of `prove` about objects and roles, without what is only named. */
  findings(): Promise<readonly string[]>;
}

/** Passes a PostgreSQL database to `work` in a transaction, and rolls back what it did. */
export async function changing(
  { engine, system }: Pick<InitialisedDatabase, 'engine' | 'system'>,
  work: (changed: Changed) => Promise<void>,
): Promise<void> {
  const { dialect } = engine;
  const before = await compareWithSteps(engine, system);
  if (!before) throw new Error('The database is not initialised.');
  const { expected } = before;
  await engine
    .asOwner((owner) =>
      owner.atomically(async () => {
        const findings = async (): Promise<readonly string[]> => {
          const history = await readHistory(owner, dialect);
          const found = await describeWithin(owner.run);
          const wanted = wantedRights(dialect, system, defaultRoles);
          const powers = (await dialect.roles?.powers(owner.run, wanted)) ?? [];
          const changes = (await dialect.roles?.plan(owner.run, wanted)) ?? [];
          return [
            ...driftOf(comparisonOf({ dialect, system, history, found, expected })),
            ...changes.map(({ difference }) => difference),
            ...powers.flatMap(({ finding, remedy = '', isAllowed }) =>
              isAllowed ? [] : [`${finding}: ${remedy}`],
            ),
          ];
        };
        await work({ owner, findings });
        throw new Undone();
      }),
    )
    .catch((error) => {
      if (!(error instanceof Undone)) throw error;
    });
}
