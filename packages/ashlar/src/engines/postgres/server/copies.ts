import { createHash, randomBytes } from 'node:crypto';
import type { Copies, Copy } from '../../../contract/copies.js';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { openPostgres } from './open.js';
import { emptySchema, holdsAnything, restoreInto } from './restore.js';
import { withThrowaway } from './throwaway.js';
import { parseServerUrl } from './url.js';

/** How long the exchange of two schemas waits for those who read the old one, in milliseconds. */
const lockWait = 10_000;

/** What a server does with copies. The place is the schema that the URL names; the rest of its database is not touched. */
export const postgresCopies: Copies = {
  put: async (options, copy, { check, replace }) => {
    assertDump(copy);
    const { schema, shown } = parseServerUrl(options.url);
    const engine = await openPostgres({ ...options, create: options.create ?? true });
    try {
      await engine.asOwner((owner) =>
        alone(owner, schema, async () => {
          const [who] = await owner.run('SELECT current_user::text AS "role", session_user::text AS "user"');
          // schemas are the affair of who connects, as a database is
          await owner.run('SET ROLE NONE');
          await removeLeft(owner, schema);
          if (!(await holdsAnything(owner.run, schema))) {
            await fill({ engine, owner, options, copy, check });
          } else if (replace) {
            await exchange({
              owner,
              role: who?.role === who?.user ? undefined : String(who?.role),
              options,
              copy,
              check,
            });
          } else {
            throw new AshlarError('restore-target-not-empty', {
              message: `The schema ${schema} of ${shown} is not empty.`,
              suggestion: 'Name an empty database or schema, or say that what is there may be replaced.',
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
    message: `The copy is one of another engine (${format}).`,
    suggestion: 'Restore it with a URL of the engine that it was made of.',
  });
};

const opened = async <T>(options: OpenOptions, work: (engine: Engine) => Promise<T>): Promise<T> => {
  const engine = await openPostgres(options);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
};

/** Restores a copy into the schema of a URL, which is there and empty. */
const restored = async (
  owner: Owner,
  options: OpenOptions,
  { bytes }: Pick<Copy, 'bytes'>,
  role?: string,
): Promise<void> => {
  const { schema } = parseServerUrl(options.url);
  const [row] = await owner.run(`SELECT current_setting('server_version_num')::int / 10000 AS major`);
  await restoreInto(options, bytes, { schema, role, major: Number(row?.major) });
  if (await holdsAnything(owner.run, schema)) return;
  throw new AshlarError('copy-unfit', {
    message: `The copy holds nothing for the schema ${schema}.`,
    detail: 'A copy of a server is restored under the name of the schema that it was made of.',
    suggestion: 'Name that schema in the URL: ?schema=NAME.',
  });
};

interface Restore {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly options: OpenOptions;
  readonly copy: Copy;
  readonly check: (engine: Engine) => Promise<void>;
}

/** Restores into a place that is empty, and empties it again where the copy does not stand the check. */
const fill = async ({ engine, owner, options, copy, check }: Restore): Promise<void> => {
  const { schema } = parseServerUrl(options.url);
  try {
    await restored(owner, options, copy);
    await check(engine);
  } catch (error) {
    await emptySchema(owner, schema);
    throw error;
  }
};

interface Exchange {
  readonly owner: Owner;
  readonly role: string | undefined;
  readonly options: OpenOptions;
  readonly copy: Copy;
  readonly check: (engine: Engine) => Promise<void>;
}

/**
 * Puts a copy where something is. It is restored and checked in a database of its own first; there its schema takes
 * another name, under which it is brought into the place beside the old one, and one transaction exchanges the two. So
 * the place holds the one or the other at every moment, and sessions that are open go on in the new.
 */
const exchange = async ({ owner, role, options, copy, check }: Exchange): Promise<void> => {
  const { schema } = parseServerUrl(options.url);
  await assertAlone(owner, schema);
  const passing = `${leftPrefix(schema)}${randomBytes(4).toString('hex')}`;
  try {
    await withThrowaway(options, async (there, guest) => {
      await restored(guest, there, copy);
      await opened(there, check);
      await guest.run(`ALTER SCHEMA ${identifier(schema)} RENAME TO ${identifier(passing)}`);
      await owner.run(`CREATE SCHEMA ${identifier(passing)}`);
      if (role)
        await owner.run(`GRANT USAGE, CREATE ON SCHEMA ${identifier(passing)} TO ${identifier(role)}`);
      const renamed = { ...there, url: withSchema(there.url, passing) };
      await opened(renamed, (engine) =>
        engine.snapshot((snapshot) =>
          restored(
            owner,
            { ...options, url: withSchema(options.url, passing) },
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
        await owner.run(`ALTER SCHEMA ${identifier(passing)} RENAME TO ${identifier(schema)}`);
        await owner.run(`DROP SCHEMA ${identifier(old)} CASCADE`);
      },
      { lockTimeout: lockWait },
    );
  } catch (error) {
    await owner.run(`DROP SCHEMA IF EXISTS ${identifier(passing)} CASCADE`).catch(() => undefined);
    throw error;
  }
};

const withSchema = (text: string, schema: string): string => {
  const url = new URL(text);
  url.searchParams.set('schema', schema);
  return url.href;
};

/** What a restore into a schema calls its own schemas by; one at a time does. */
const leftPrefix = (schema: string): string =>
  `ashlar_restoring_${createHash('sha256').update(schema).digest('hex').slice(0, 8)}_`;

const removeLeft = async (owner: Owner, schema: string): Promise<void> => {
  const left = await owner.run(
    'SELECT nspname::text AS name FROM pg_namespace WHERE starts_with(nspname, $1)',
    [leftPrefix(schema)],
  );
  for (const { name } of left) await owner.run(`DROP SCHEMA ${identifier(String(name))} CASCADE`);
};

const alone = async <T>(owner: Owner, schema: string, work: () => Promise<T>): Promise<T> => {
  const key = `hashtextextended(${literal(`ashlar restore ${schema}`)}, 0)`;
  const [row] = await owner.run(`SELECT pg_try_advisory_lock(${key}) AS locked`);
  if (row?.locked !== true) {
    throw new AshlarError('database-locked', {
      message: 'Another process restores into this schema.',
      suggestion: 'Wait until it has finished.',
    });
  }
  try {
    return await work();
  } finally {
    await owner.run(`SELECT pg_advisory_unlock(${key})`).catch(() => undefined);
  }
};

// what goes with the old schema must be its own
const fromElsewhere = `SELECT DISTINCT c.oid::regclass::text AS name
FROM pg_depend d
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
JOIN pg_class c ON c.oid = coalesce(r.ev_class, k.conrelid)
JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = $1 AND c.relnamespace <> n.oid
ORDER BY 1`;

const assertAlone = async (owner: Owner, schema: string): Promise<void> => {
  const others = (await owner.run(fromElsewhere, [schema])).map(({ name }) => String(name));
  if (others.length === 0) return;
  throw new AshlarError('state-conflict', {
    message: `What is in the schema ${schema} cannot be replaced: other schemas rely on it.`,
    detail: `${others.join(', ')} would be dropped with it.`,
    suggestion: 'Drop these first, or restore into an empty schema.',
  });
};
