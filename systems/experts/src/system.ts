import { system } from 'ashlar';
import { tables } from './tables.js';

/**
 * The system `experts`: the conversations of a chat that finds experts for visitors, and the leads that the chat
 * captures.
 */
export const experts = system('experts', {
  tables,
  migrations: new URL('../migrations/', import.meta.url),
});
