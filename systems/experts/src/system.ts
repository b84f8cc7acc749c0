import { type System, system } from 'ashlar';
import { expiredLeads } from './retention.js';
import { tables } from './tables.js';

/**
 * The system `experts`: the conversations of a chat that finds experts for visitors, and the leads that the chat
 * captures.
 */
export const experts: System<typeof tables> = system('experts', {
  tables,
  views: { expiredLeads },
  migrations: new URL('../migrations/', import.meta.url),
});
