import { createHash, randomBytes } from 'node:crypto';
import type { Copies, Copy } from '../../../contract/copies.js';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { forgetPlace } from '../session/context-keys.js';
import { withoutDefaultRights } from './default-rights.js';
import { openPostgres } from './open.js';
import { emptySchema, hasObjects, restoreInto } from './restore.js';
import { withThrowaway } from './throwaway.js';
import { parseServerUrl } from './url.js';

/** How long the swap of two schemas waits for readers of the old one, in milliseconds. */
const lockWait = 10_000;

/**
 * Restores copies of databases on a PostgreSQL server, and opens copies for examination. The target is the schema of
 * the URL; the rest of the database is not changed.
 */
export const postgresCopies: Copies = {
  put: async (options, copy, { check, replace }) => {
    assertDump(copy);
    const { schema, shown } = parseServerUrl(options.url);
    const engine = await openPostgres({ ...options, create: options.create ?? true });
    try {
      await engine.asOwner((owner) =>
        locked(owner, schema, async () => {
          const [who] = await owner.run('SELECT current_user::text AS "role", session_user::text AS "user"');
          // the login role, not the owner role, creates and drops schemas, as it does databases
          await owner.run('SET ROLE NONE');
          await removeLeft(owner, schema);
          if (!(await hasObjects(owner.run, schema))) {
            await fill({ engine, owner, options, copy, check });
          } else if (replace) {
            await replaceSchema({
              owner,
              role: who?.role === who?.user ? undefined : String(who?.role),
              options,
              copy,
              check,
            });
          } else {
            throw new AshlarError('restore-target-not-empty', {
              message: `The schema ${schema} of ${shown} is not empty.`,
              suggestion: 'Choose an empty database or schema, or pass --replace.',
            });
          }
        }),
      );
    } finally {
      copy.bytes.destroy();
      await engine.close();
    }
  },
  examine: async (options, copy, work) => {
    assertDump(copy);
    try {
      return await withThrowaway(options, async (there, owner) => {
        await restored(owner, there, copy);
        return opened(there, work);
      });
    } finally {
      copy.bytes.destroy();
    }
  },
};

const assertDump = ({ format, bytes }: Copy): void => {
  if (format === 'pg-custom') return;
  bytes.destroy();
  throw new AshlarError('copy-unfit', {
    message: `The copy was made by another engine (format ${format}).`,
    suggestion: 'Use a URL of the engine that made the copy.',
  });
};

const opened = async <T>(
  options: Parameters<typeof openPostgres>[0],
  work: (engine: Engine) => Promise<T>,
): Promise<T> => {
  const engine = await openPostgres(options);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
};

/** Restores a copy into the schema of a URL, which exists and is empty. */
const restored = async (
  owner: Owner,
  options: OpenOptions,
  { bytes }: Pick<Copy, 'bytes'>,
  role?: string,
): Promise<void> => {
  const { schema } = parseServerUrl(options.url);
  const [row] = await owner.run(`SELECT current_setting('server_version_num')::int / 10000 AS major`);
  await restoreInto(options, bytes, { schema, role, major: Number(row?.major) });
  if (await hasObjects(owner.run, schema)) return;
  throw new AshlarError('copy-unfit', {
    message: `The copy contains no objects of the schema ${schema}.`,
    detail: 'A schema can only be restored under its original name.',
    suggestion: 'Put the original name of the schema into the URL: ?schema=NAME.',
  });
};

interface Restore {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly options: OpenOptions;
  readonly copy: Copy;
  readonly check: (engine: Engine) => Promise<void>;
}

/**
 * Restores into an empty schema, and empties it again if the check fails. The schema may have rights from earlier, and its
 * number: sessions of the application may come at any moment.
 */
const fill = async ({ engine, owner, options, copy, check }: Restore): Promise<void> => {
  const { schema } = parseServerUrl(options.url);
  try {
    await withoutDefaultRights(owner, schema, () => restored(owner, options, copy));
    await forgetPlace(owner);
    await check(engine);
  } catch (error) {
    await emptySchema(owner, schema);
    throw error;
  }
};

interface Replacement {
  readonly owner: Owner;
  readonly role: string | undefined;
  readonly options: OpenOptions;
  readonly copy: Copy;
  readonly check: (engine: Engine) => Promise<void>;
}

/**
 * Replaces a schema by a copy. The copy is restored and checked in a temporary database first. There its schema gets a
 * temporary name, under which it is copied next to the old one, and one transaction swaps the two. So the target is
 * complete at every moment, and open sessions continue in the new schema.
 */
const replaceSchema = async ({ owner, role, options, copy, check }: Replacement): Promise<void> => {
  const { schema } = parseServerUrl(options.url);
  await assertIndependent(owner, schema);
  const temporary = `${leftPrefix(schema)}${randomBytes(4).toString('hex')}`;
  try {
    await withThrowaway(options, async (there, guest) => {
      await restored(guest, there, copy);
      await opened(there, check);
      await guest.run(`ALTER SCHEMA ${identifier(schema)} RENAME TO ${identifier(temporary)}`);
      await owner.run(`CREATE SCHEMA ${identifier(temporary)}`);
      if (role)
        await owner.run(`GRANT USAGE, CREATE ON SCHEMA ${identifier(temporary)} TO ${identifier(role)}`);
      const renamed = { ...there, url: withSchema(there.url, temporary), isRenamed: true };
      await opened(renamed, (engine) =>
        engine.snapshot((snapshot) =>
          restored(
            owner,
            { ...options, url: withSchema(options.url, temporary) },
            { bytes: snapshot.copy() },
            role,
          ),
        ),
      );
    });
    await owner.atomically(
      async () => {
        const old = `${leftPrefix(schema)}old`;
        await owner.run(`ALTER SCHEMA ${identifier(schema)} RENAME TO ${identifier(old)}`);
        await owner.run(`ALTER SCHEMA ${identifier(temporary)} RENAME TO ${identifier(schema)}`);
        await owner.run(`DROP SCHEMA ${identifier(old)} CASCADE`);
      },
      { lockTimeout: lockWait },
    );
  } catch (error) {
    await owner.run(`DROP SCHEMA IF EXISTS ${identifier(temporary)} CASCADE`).catch(() => undefined);
    throw error;
  }
};

const withSchema = (text: string, schema: string): string => {
  const url = new URL(text);
  url.searchParams.set('schema', schema);
  return url.href;
};

/** The prefix of the temporary schemas of a restore into a schema. Only one such restore runs at a time. */
const leftPrefix = (schema: string): string =>
  `ashlar_restoring_${createHash('sha256').update(schema).digest('hex').slice(0, 8)}_`;

const removeLeft = async (owner: Owner, schema: string): Promise<void> => {
  const left = await owner.run(
    'SELECT nspname::text AS name FROM pg_namespace WHERE starts_with(nspname, $1)',
    [leftPrefix(schema)],
  );
  for (const { name } of left) await owner.run(`DROP SCHEMA ${identifier(String(name))} CASCADE`);
};

const locked = async <T>(owner: Owner, schema: string, work: () => Promise<T>): Promise<T> => {
  const key = `hashtextextended(${literal(`ashlar restore ${schema}`)}, 0)`;
  const [row] = await owner.run(`SELECT pg_try_advisory_lock(${key}) AS locked`);
  if (row?.locked !== true) {
    throw new AshlarError('database-locked', {
      message: 'Another process is restoring into this schema.',
      suggestion: 'Wait until the other process has finished, and try again.',
    });
  }
  try {
    return await work();
  } finally {
    await owner.run(`SELECT pg_advisory_unlock(${key})`).catch(() => undefined);
  }
};

// objects of other schemas that DROP … CASCADE would drop
const dependants = `SELECT DISTINCT c.oid::regclass::text AS name
FROM pg_depend d
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
JOIN pg_class c ON c.oid = coalesce(r.ev_class, k.conrelid)
JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = $1 AND c.relnamespace <> n.oid
ORDER BY 1`;

const assertIndependent = async (owner: Owner, schema: string): Promise<void> => {
  const others = (await owner.run(dependants, [schema])).map(({ name }) => String(name));
  if (others.length === 0) return;
  throw new AshlarError('state-conflict', {
    message: `The schema ${schema} cannot be replaced: objects in other schemas depend on it.`,
    detail: `${others.join(', ')} would be dropped with the schema.`,
    suggestion: 'Drop those objects first, or restore into an empty schema.',
  });
};
