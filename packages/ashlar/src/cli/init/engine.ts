import type { SqlName } from '../../contract/sql.js';

/** The engines that a new project can begin with. */
export const engineNames = ['sqlite', 'pglite', 'postgres'] as const;
export type EngineName = (typeof engineNames)[number];

/** Returns the SQL that a project's steps are written in. */
export function sqlOf(engine: EngineName): SqlName {
  return engine === 'sqlite' ? 'sqlite' : 'postgres';
}

/** The URL in the configuration; a server's has a password and belongs into the environment. */
export const urls = {
  sqlite: 'sqlite:shop.db',
  pglite: 'pglite:shop.pglite',
  postgres: undefined,
} as const satisfies Readonly<Record<EngineName, string | undefined>>;
