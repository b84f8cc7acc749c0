import type { Database, System } from 'ashlar';

export const makeSystem: (ashlar: object, guarantees: object, z: object, migrations: URL) => System;
export const scope: string;
export const recordedKeys: readonly string[];
export const columnKey: string;
export const bodies: readonly string[];
export const fill: (db: Database) => Promise<void>;
export const work: (db: Database) => Promise<void>;
