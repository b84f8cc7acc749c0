import type { AshlarError } from '../../../errors.js';
import type { Reply } from '../wire/channel.js';
import { isConnectionLost } from '../wire/driver-error.js';
import { outcomeUnknown } from './end-errors.js';

/**
 * Waits for the answer to a COMMIT.
 *
 * @param explain - translates an error of the driver
 * @throws AshlarError `outcome-unknown` where no answer came; `session-aborted` where the server rolled back instead
 */
export async function committed(
  answer: Promise<Reply>,
  explain: (error: unknown) => AshlarError,
): Promise<Reply> {
  const reply = await answer.catch((error: unknown) => {
    throw isConnectionLost(error) ? outcomeUnknown(error) : explain(error);
  });
  // COMMIT of a transaction in which a statement failed
  if (reply.command === 'ROLLBACK') throw explain({ code: '25P02' });
  return reply;
}
