import { userInfo } from 'node:os';

/** In whose name steps are recorded when nobody is named: the user of the operating system. */
export const defaultActor = (): string => {
  try {
    return userInfo().username;
  } catch {
    // a container may run under a number that has no name
    return `uid:${process.getuid?.() ?? 'unknown'}`;
  }
};
