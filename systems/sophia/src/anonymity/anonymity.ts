import type { Guarantee } from 'ashlar/extend';
import { knowledgeAttacks, namingAttacks } from './attacks.js';
import { anonymityOnPostgres } from './postgres.js';
import { anonymityOnSqlite } from './sqlite.js';

const enforcement = (on: 'institutional_knowledge' | 'clients'): Pick<Guarantee, 'sqlite' | 'postgres'> => ({
  sqlite: {
    level: 'emulated',
    weaker:
      'A file has no roles: a process can write the session row of every scope itself and then name clients.',
    readsSession: true,
    objects: () => anonymityOnSqlite(on),
  },
  postgres: { level: 'enforced', readsContext: true, objects: () => anonymityOnPostgres(on) },
});

/**
 * Declares the guarantee that no row of `institutional_knowledge` names a client in its content, source, category or
 * tags.
 * Names match by whole words, regardless of punctuation and of the case of ASCII letters. A database cannot detect
 * that a description without a name identifies a client.
 *
 * Only sessions of every scope may write: a refusal would otherwise reveal to a client's session that another client
 * exists.
 */
export function namesNoClient(): Guarantee {
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'names-no-client',
    summary: 'No row names a client.',
    ...enforcement('institutional_knowledge'),
    attacks: knowledgeAttacks,
  });
}

/**
 * Declares the guarantee that no client has a name that occurs in `institutional_knowledge`: the counterpart of
 * {@link namesNoClient}.
 *
 * Only sessions of every scope may name clients: a refusal would otherwise reveal that another client exists, because
 * names are unique.
 */
export function namedNowhere(): Guarantee {
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'named-nowhere',
    summary: 'No client has a name that occurs in the institutional knowledge.',
    ...enforcement('clients'),
    attacks: namingAttacks,
  });
}
