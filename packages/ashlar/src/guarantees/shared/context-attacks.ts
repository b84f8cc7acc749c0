import type { Probe } from '../../contract/attack.js';
import { everyScope, literal } from '../../model/index.js';

const set = (name: 'actor' | 'scope' | 'token', value: string): string =>
  `set_config('ashlar.${name}', ${literal(value)}, true)`;

/** Statements that change the context of the session on PostgreSQL, each with its name; an attack follows them. */
export function contextChanges(scope: string): readonly (readonly [name: string, sql: string])[] {
  return [
    ['changing the scope of the session', `SELECT ${set('scope', everyScope)}`],
    ['changing to the scope of the row', `SELECT ${set('scope', scope)}`],
    ['changing the scope and giving up the token', `SELECT ${set('scope', everyScope)}, ${set('token', '')}`],
    [
      'changing the scope and forging a token',
      `SELECT ${set('scope', everyScope)}, set_config('ashlar.token', '1.' || (extract(epoch FROM now()) * 1000)::bigint || '.' || encode(sha256('ashlar'), 'hex'), true)`,
    ],
    [
      'changing the scope and taking a token with another key',
      `SELECT ${set('scope', everyScope)}, set_config('ashlar.token', '999' || current_setting('ashlar.token'), true)`,
    ],
  ];
}

/** An SQL expression that changes the context of the session to that of another scope, within a statement. */
export function takeOtherContext({ otherScope = '', otherToken }: Probe): string {
  const token = otherToken === undefined ? '' : ` || ${set('token', otherToken)}`;
  return `${set('scope', otherScope)}${token}`;
}

/** The statement that changes the actor of the session on PostgreSQL. */
export const changeActor = `SELECT ${set('actor', 'somebody else')}`;
