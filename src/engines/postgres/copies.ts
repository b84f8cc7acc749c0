import { AshlarError } from '../../errors.js';
import type { Copies } from '../snapshot.js';

/** That this engine cannot be copied yet. */
export const noCopies = (): AshlarError =>
  new AshlarError('usage', {
    message: 'Backups of PostgreSQL and PGlite are not part of this build.',
    suggestion: 'Use pg_dump --format=custom.',
  });

/** What PostgreSQL and PGlite do with copies. */
export const postgresCopies: Copies = {
  put: async () => {
    throw noCopies();
  },
  examine: async () => {
    throw noCopies();
  },
};
