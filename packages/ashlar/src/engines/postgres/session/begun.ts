import type { Channel } from '../wire/channel.js';
import { fieldsOf, isConnectionLost } from '../wire/driver-error.js';

/**
 * Whether a transaction is open, or has failed, on the server after the packet that opens it failed. If BEGIN failed, or
 * nothing was sent, the statements that wait would be committed alone.
 *
 * @param error - what the packet failed with
 */
export async function isBegun(channel: Channel, error: unknown): Promise<boolean> {
  if (isConnectionLost(error)) return false;
  try {
    return (await channel.send({ text: 'SELECT 1' })).inTransaction;
  } catch (refusal) {
    // a transaction that has failed refuses it, and all that follows; another error says nothing, as that of a late cancel request
    return fieldsOf(refusal).code === '25P02';
  }
}
