import { command } from 'ashlar';
import { z } from 'zod';
import { hashPassword } from './passwords.js';
import { purgeExpired } from './purge.js';
import { docuvaultSettings, variables } from './settings.js';
import { sweep } from './sweep.js';
import { tables } from './tables.js';
import { createFirstAdmin, unlockUser } from './users.js';
import { vaultOf } from './vault.js';

/** The commands of this system: `ashlar docuvault …`. */
export const commands = {
  'create-admin': command({
    summary: 'create the first administrator, who then registers all other users',
    description:
      'The password is read from ADMIN_PASSWORD, so that it is not in the list of processes. Refused while an active administrator exists.',
    tables,
    input: z.object({
      handle: z.string().min(1).describe('the handle of the administrator'),
      email: z.string().min(1).describe('the email address of the administrator'),
    }),
    positionals: ['handle', 'email'],
    settings: z.object({
      ADMIN_PASSWORD: z
        .string('is not set')
        .min(8, 'has fewer than 8 characters')
        .max(1_024, 'has more than 1,024 characters')
        .describe('the password of the first administrator'),
      QUOTA_BYTES: variables.shape.QUOTA_BYTES,
    }),
    run: async ({ db, input, settings, actor, print }) => {
      const password_hash = await hashPassword(settings.ADMIN_PASSWORD);
      const admin = await db.session({ actor }, (s) =>
        createFirstAdmin(s, { ...input, password_hash, limit_bytes: settings.QUOTA_BYTES }),
      );
      print(`created the administrator ${admin.handle}`);
      return admin;
    },
  }),
  sweep: command({
    summary: 'remove stored content that no document has, and report missing content',
    description:
      'Run this command when the service starts: it cleans up after a crash. Uploads and deletions may run concurrently. In a bucket, content younger than a day stays.',
    tables,
    input: z.object({
      all: z
        .boolean()
        .default(false)
        .describe(
          'remove it also where it is most of the store, or the store was never used by this database',
        ),
      drop_former: z
        .boolean()
        .default(false)
        .describe(
          'remove the files of version 0.1, once all documents have their own and 0.1 no longer runs',
        ),
    }),
    settings: variables,
    run: async ({ db, input, settings, print, note }) => {
      const found = await sweep(vaultOf(db, docuvaultSettings(asEnvironment(settings))), input);
      print(`removed: ${found.unreferenced.length} unreferenced files, ${found.abandoned} abandoned uploads`);
      if (found.adopted > 0) print(`renamed: the content of ${found.adopted} documents`);
      for (const key of found.missing) note(`missing: the content with the key ${key}`);
      return found;
    },
  }),
  unlock: command({
    summary: 'forget the failed logins of a user, who then need not wait',
    description: 'For a user whom attempts of somebody else keep out. The failures of IP addresses stay.',
    tables,
    input: z.object({ name: z.string().min(1).describe('the handle or the email address of the user') }),
    positionals: ['name'],
    run: async ({ db, input, actor, print }) => {
      const had_failures = await db.session({ actor }, (s) => unlockUser(s, input.name));
      print(had_failures ? 'unlocked' : 'nothing to unlock: no attempt has failed');
      return { had_failures };
    },
  }),
  purge: command({
    summary: 'delete expired refresh tokens and old counts of failed logins',
    description: 'Run this command daily.',
    tables,
    input: z.object({}),
    run: async ({ db, print }) => {
      const purged = await purgeExpired(db);
      print(`deleted: ${purged.tokens} refresh tokens, ${purged.login_attempts} counts of failed logins`);
      return purged;
    },
  }),
};

const asEnvironment = (settings: z.output<typeof variables>): NodeJS.Dict<string> =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
