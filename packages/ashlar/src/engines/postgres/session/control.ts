import type { Channel, Reply, Request } from '../wire/channel.js';
import { contextText } from './begin.js';
import type { Context } from './context-signer.js';

/** A statement that is sent before another one: its text, or a change of the context. */
export type Control = string | Context;

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
    const signed = typeof each === 'string' ? undefined : sign(each);
    if (signed) {
      flush();
      requests.push(signed);
    } else texts.push(typeof each === 'string' ? each : contextText(each));
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
