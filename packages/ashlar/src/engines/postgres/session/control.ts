import { literal } from '../../../model/index.js';
import type { Request } from '../wire/channel.js';
import { wireValues } from '../wire/parameters.js';
import type { Context } from './context-signer.js';

/** What is sent before a statement: a statement without parameters, or a change of the context. */
export type Control = string | Context;

/**
 * Returns the requests for what is sent before a statement, one for each statement.
 *
 * @param sign - returns the statement that sets a signed context; `undefined` where none is signed
 * @throws what `sign` throws
 */
export function controlRequests(
  control: readonly Control[],
  sign: (context: Context) => Request | undefined,
): readonly Request[] {
  return control.flatMap((each) => {
    if (typeof each === 'string') return [{ text: each }];
    return sign(each) ?? contextTexts(each).map((text) => ({ text }));
  });
}

/** Returns the statements that set the actor and the scope of a transaction. */
export function contextTexts({ actor, scope }: Context): readonly string[] {
  const [who = '', whose = ''] = wireValues([actor ?? '', scope ?? '']) as string[];
  return [`SET LOCAL ashlar.actor = ${literal(who)}`, `SET LOCAL ashlar.scope = ${literal(whose)}`];
}
