import { userInfo } from 'node:os';

/** Returns the actor that is recorded with a step if the caller gives none: the user of the operating system. */
export function defaultActor(): string {
  try {
    return userInfo().username;
  } catch {
    // a container may run under a user id without a name
    return `uid:${process.getuid?.() ?? 'unknown'}`;
  }
}
