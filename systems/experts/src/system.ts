import { system } from 'ashlar';
import { tables } from './tables.js';

/** The system `experts`: the conversations of a chat that matches experts, and the leads that it captures. */
export const experts = system('experts', {
  tables,
  migrations: new URL('../migrations/', import.meta.url),
});
