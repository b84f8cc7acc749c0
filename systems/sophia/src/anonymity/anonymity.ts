import type { Guarantee } from 'ashlar';
import { knowledgeAttacks, namingAttacks } from './attacks.js';
import { anonymityOnPostgres } from './postgres.js';
import { anonymityOnSqlite } from './sqlite.js';

const kept = (on: 'institutional_knowledge' | 'clients'): Pick<Guarantee, 'sqlite' | 'postgres'> => ({
  sqlite: {
    level: 'emulated',
    weaker:
      'A file has no roles: whoever writes a session row of every scope by hand is taken for the operator.',
    readsSession: true,
    objects: () => anonymityOnSqlite(on),
  },
  postgres: { level: 'enforced', objects: () => anonymityOnPostgres(on) },
});

/**
 * Nothing in the institutional knowledge names a client: not its content, its source, its category or its tags, by whole
 * words, whatever the case of ASCII letters and the punctuation. That a client can be told from what is said of it no
 * database can know.
 *
 * It is written by sessions of every scope only: a refusal would tell a client's session that another client exists.
 */
export const namesNoClient = (): Guarantee =>
  Object.freeze({
    kind: 'guarantee' as const,
    name: 'names-no-client',
    summary: 'Nothing in a row names a client.',
    ...kept('institutional_knowledge'),
    attacks: knowledgeAttacks,
  });

/**
 * No client has a name that stands in the institutional knowledge: the other half of {@link namesNoClient}.
 *
 * Clients are named by sessions of every scope only, for the same reason: names are unique.
 */
export const namedNowhere = (): Guarantee =>
  Object.freeze({
    kind: 'guarantee' as const,
    name: 'named-nowhere',
    summary: 'No client has a name that stands in the institutional knowledge.',
    ...kept('clients'),
    attacks: namingAttacks,
  });
