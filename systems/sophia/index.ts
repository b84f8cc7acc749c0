import { system } from 'ashlar';
import { tables } from './tables.js';

export * from './tables.js';

/** Client intelligence on an encrypted file: dossiers, voices, sources, each client's apart from every other's. */
export const sophia = system('sophia', { tables, migrations: new URL('./migrations/', import.meta.url) });
