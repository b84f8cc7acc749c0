import { randomBytes } from 'node:crypto';
import type { Catalogue } from '../../../contract/catalogue.js';
import type { Owner } from '../../../contract/owner.js';
import { describeWithin } from './describe.js';

/** How long a statement waits for a lock, in milliseconds: nothing in the schema is locked by anyone else. */
const lockTimeout = 1_000;

class Undone extends Error {}

/**
 * Describes what `make` makes of an empty schema of the same database, in a transaction that is rolled back. What the database
 * itself and other schemas have is left out: it is not made by `make`.
 *
 * @throws AshlarError what a statement throws, such as `privilege-missing` where the owner may not create schemas
 */
export async function inScratch(owner: Owner, make: (owner: Owner) => Promise<void>): Promise<Catalogue> {
  // no table, alias or function is called like it
  const schema = `ashlar_scratch_${randomBytes(8).toString('hex')}`;
  let found: Catalogue | undefined;
  const undone = new Undone();
  try {
    await owner.atomically(
      async () => {
        await owner.script(`CREATE SCHEMA ${schema}; SET LOCAL search_path = ${schema}, pg_temp`);
        await make(owner);
        const whole = await describeWithin(owner.run);
        if (whole.schema !== schema) throw new TypeError('A step changed the search_path.');
        found = { ...whole, parts: whole.parts.filter(({ outside }) => outside !== true) };
        throw undone;
      },
      { lockTimeout },
    );
  } catch (error) {
    if (error !== undone) throw error;
  }
  if (!found) throw new TypeError('The schema was not described.');
  return found;
}
