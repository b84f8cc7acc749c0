import { hashOf } from './guard.js';
import { networkOf } from './inputs.js';
import { type DocuvaultSession, loginAttempts } from './tables.js';

/** What is counted: a name that somebody tries to log in with, or the IP address that it comes from. */
export interface Subject {
  readonly id: string;
  /** The number of failures after which attempts must wait. */
  readonly free: number;
}

const freeOfName = 5;
const freeOfAddress = 50;
const longestWait = 15 * 60;
const forgottenAfter = 24 * 60 * 60;
/** How many forgotten counts an attempt removes: more than it adds. */
const purgedAtOnce = 10;

/**
 * The subjects of a login: the user, whichever name was given, or the name that no user has; and the network of its IP
 * address where it is known.
 */
export function subjectsOf(
  of: { readonly user_id: string } | { readonly name: string },
  ip_address: string | null,
): readonly Subject[] {
  const who = 'user_id' in of ? `user:${of.user_id}` : `name:${of.name}`;
  const byUser = { id: hashOf(who), free: freeOfName };
  if (ip_address === null) return [byUser];
  return [byUser, { id: hashOf(`ip:${networkOf(ip_address)}`), free: freeOfAddress }];
}

/**
 * Counts an attempt to log in as a failure before its password is checked, so that concurrent attempts cannot pass
 * together. After five failures of a name, and fifty of an IP address, each attempt must wait: 1, 2, 4 … seconds, at most
 * 15 minutes. An attempt that must wait is not counted. A count is forgotten a day after its last failure.
 *
 * @returns the seconds to wait; 0 when the attempt was counted and may go on
 */
export async function countAttempt(s: DocuvaultSession, subjects: readonly Subject[]): Promise<number> {
  const now = Date.parse(s.now()) / 1_000;
  const counts = [];
  // in one order, so that two attempts cannot wait for each other
  for (const subject of subjects.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    await s.lock(`docuvault/login/${subject.id}`);
    const found = await s.get(loginAttempts, subject.id);
    const since = found ? now - Date.parse(found.last_at) / 1_000 : forgottenAfter;
    const failures = found && since < forgottenAfter ? found.failures : 0;
    const over = failures - subject.free;
    const wait = over < 0 ? 0 : Math.min(2 ** over, longestWait) - since;
    counts.push({ id: subject.id, isKnown: found !== undefined, failures, wait });
  }
  const longest = Math.max(...counts.map(({ wait }) => wait));
  if (longest > 0) return Math.ceil(longest);
  for (const { id, isKnown, failures } of counts) {
    const count = { failures: failures + 1, last_at: s.now() };
    if (isKnown) await s.update(loginAttempts, id, count);
    else await s.insert(loginAttempts, { subject: id, ...count });
  }
  await purgeAttempts(s, purgedAtOnce);
  return 0;
}

/**
 * Takes back what {@link countAttempt} counted for an attempt that did not fail. A success also forgets the earlier
 * failures of the name, but not those of the IP address: it may have been a login to an account of the attacker's own.
 */
export async function forgiveAttempt(
  s: DocuvaultSession,
  subjects: readonly Subject[],
  { succeeded }: { readonly succeeded: boolean },
): Promise<void> {
  for (const { id, free } of subjects) {
    if (succeeded && free === freeOfName)
      await s.query.deleteFrom('login_attempts').where('subject', '=', id).execute();
    else
      await s.query
        .updateTable('login_attempts')
        .set((eb) => ({ failures: eb('failures', '-', 1) }))
        .where('subject', '=', id)
        .where('failures', '>', 0)
        .execute();
  }
}

/**
 * Forgets the failures of a user, so that the next attempt need not wait.
 *
 * @returns whether there were any
 */
export async function forgetFailures(s: DocuvaultSession, user_id: string): Promise<boolean> {
  const subjects = subjectsOf({ user_id }, null).map(({ id }) => id);
  const { numDeletedRows } = await s.query
    .deleteFrom('login_attempts')
    .where('subject', 'in', subjects)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/**
 * Removes counts that are forgotten.
 *
 * @returns their number, at most `most`
 */
export async function purgeAttempts(s: DocuvaultSession, most: number): Promise<number> {
  const before = new Date(Date.parse(s.now()) - forgottenAfter * 1_000).toISOString();
  const forgotten = await s.query
    .selectFrom('login_attempts')
    .select('subject')
    .where('last_at', '<', before)
    .orderBy('last_at')
    .limit(most)
    .execute();
  const subjects = forgotten.map(({ subject }) => subject);
  if (subjects.length === 0) return 0;
  // again by time: an attempt may have counted since
  const { numDeletedRows } = await s.query
    .deleteFrom('login_attempts')
    .where('subject', 'in', subjects)
    .where('last_at', '<', before)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
