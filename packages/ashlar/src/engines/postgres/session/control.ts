import { literal } from '../../../model/index.js';
import type { Channel, Reply, Request } from '../wire/channel.js';
import { wireValues } from '../wire/parameters.js';
import type { Context } from './context-signer.js';

/**
 * What is sent before a statement: texts, a change of the context, or a request that is a message of its own, because the
 * server must have run it before it reads the next.
 */
export type Control = string | Request | Context;

/**
 * Returns the requests for statements that are sent together. Consecutive texts travel in one: a request without parameters
 * may hold several statements.
 *
 * @param sign - returns the statement that sets a signed context; `undefined` where none is signed
 * @throws what `sign` throws
 */
export function controlRequests(
  control: readonly Control[],
  sign: (context: Context) => Request | undefined,
): readonly Request[] {
  const requests: Request[] = [];
  let texts: string[] = [];
  const flush = (): void => {
    if (texts.length > 0) requests.push({ text: texts.join('; ') });
    texts = [];
  };
  for (const each of control) {
    if (typeof each === 'string') {
      texts.push(each);
      continue;
    }
    const request = 'text' in each ? each : sign(each);
    if (request) {
      flush();
      requests.push(request);
    } else texts.push(contextText(each as Context));
  }
  flush();
  return requests;
}

/**
 * Sends requests in one packet, and returns the answer to the last; throws the error of the first that failed.
 *
 * @param explain - translates an error of a request before the last
 */
export async function sendTogether(
  channel: Channel,
  before: readonly Request[],
  request: Request,
  explain: (error: unknown) => unknown,
): Promise<Reply> {
  if (before.length === 0) return channel.send(request);
  const replies = await Promise.allSettled([...before, request].map((each) => channel.send(each)));
  const answer = replies.at(-1) as PromiseSettledResult<Reply>;
  const failed = replies.find((reply) => reply.status === 'rejected');
  if (failed && failed !== answer) throw explain(failed.reason);
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
}

/** Returns the statements that set the actor and the scope of a transaction. */
export function contextText({ actor, scope }: Context): string {
  const [who = '', whose = ''] = wireValues([actor ?? '', scope ?? '']) as string[];
  return `SET LOCAL ashlar.actor = ${literal(who)}; SET LOCAL ashlar.scope = ${literal(whose)}`;
}
