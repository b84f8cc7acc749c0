import type { Database, Session } from 'ashlar';
import type { ShippingTables } from './tables.js';

/** An open database of the shipping system. */
export type ShippingDatabase = Database<ShippingTables>;
/** A session of it: what the services take. */
export type ShippingSession = Session<ShippingTables>;
