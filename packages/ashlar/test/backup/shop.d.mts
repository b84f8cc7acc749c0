import type { Database, System } from 'ashlar';

export const makeShop: (ashlar: object, guarantees: object, migrations: URL) => System;
export const theTotal: string;
export const order: (db: Database, bodies: readonly string[]) => Promise<void>;
