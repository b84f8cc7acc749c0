import { randomBytes } from 'node:crypto';
import { asAdmin, type Place } from './engines.js';

/** A user of the test server that no other test uses. */
export interface User {
  readonly name: string;
  /** The URL of a place, as this user. */
  at(place: Place, schema?: string): string;
  drop(): Promise<void>;
}

const fresh = (prefix: string): string => `${prefix}_${randomBytes(5).toString('hex')}`;

/** Creates a user with these role attributes. */
export async function makeUser(prefix: string, attributes = ''): Promise<User> {
  const name = fresh(prefix);
  await asAdmin(`CREATE ROLE ${name} LOGIN PASSWORD 'secret of ${name}' ${attributes}`);
  return userNamed(name);
}

/** A user that does not exist yet. */
export function userNamed(name = fresh('later')): User {
  return {
    name,
    at: (place, schema) => {
      const url = new URL(place.url);
      url.username = name;
      url.password = `secret of ${name}`;
      if (schema !== undefined) url.searchParams.set('schema', schema);
      return url.href;
    },
    drop: async () => {
      await asAdmin(`DROP ROLE IF EXISTS ${name}`);
    },
  };
}

/** Names of roles that no other test uses. */
export function freshRoles(): { app: string; auditor: string } {
  return { app: fresh('app'), auditor: fresh('auditor') };
}

/** The name of the database of a place. */
export function databaseOf({ url }: Place): string {
  return new URL(url).pathname.slice(1);
}
