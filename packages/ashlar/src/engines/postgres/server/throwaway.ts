import { randomBytes } from 'node:crypto';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { asLogin, atDatabase, createEmptyDatabase, dropAbandoned, serverSeconds } from './databases.js';
import { openPostgres } from './open.js';

const prefix = 'ashlar_copy';
/** Longer than it takes to connect to a new database, in seconds. */
const grace = 600;

/**
 * Runs `work` with an empty temporary database on the server of a URL, and drops the database afterwards. Also drops
 * those of killed processes: databases with such a name that have no connection.
 *
 * @throws AshlarError `privilege-missing` if the user cannot create databases; the errors of `work`
 */
export async function withThrowaway<T>(
  options: OpenOptions,
  work: (options: OpenOptions, owner: Owner) => Promise<T>,
): Promise<T> {
  // only databases are created here: the schema of the URL need not exist
  const server = await openPostgres({ ...options, create: false, anySchema: true, connections: 1 });
  try {
    const name = await asLogin(server, (run) => create(run));
    try {
      return await inside({ ...options, url: atDatabase(options.url, name) }, work);
    } finally {
      await asLogin(server, (run) => run(`DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`)).catch(
        () => undefined,
      );
    }
  } finally {
    await server.close();
  }
}

const create = async (run: RunSql): Promise<string> => {
  await dropAbandoned(run, prefix, grace);
  const name = `${prefix}_${await serverSeconds(run)}_${randomBytes(6).toString('hex')}`;
  try {
    await createEmptyDatabase(run, name);
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'privilege-missing') throw error;
    throw new AshlarError('privilege-missing', {
      message:
        'The connected user may not create the temporary database in which a copy is checked before its use.',
      detail:
        'The copy is restored into a temporary database on the same server, and the database is dropped afterwards.',
      suggestion:
        'Ask a DBA for the right to create databases (ALTER ROLE … CREATEDB), or choose a server on which the user has it.',
      cause: error,
    });
  }
  return name;
};

// an open connection marks the database as in use
const inside = async <T>(
  options: OpenOptions,
  work: (options: OpenOptions, owner: Owner) => Promise<T>,
): Promise<T> => {
  const guard = await openPostgres({ ...options, create: true, connections: 1 });
  try {
    return await guard.asOwner((owner) => work(options, owner));
  } finally {
    await guard.close();
  }
};
