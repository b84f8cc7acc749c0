import type { PGlite } from '@electric-sql/pglite';
import { type CreatedPglite, createPglite, usualPath } from './template.js';

/** How many emptied databases this process keeps. Each takes about 100 MB. */
const mostIdle = 2;

/** How often a database is used: its log of changes, which is in memory too, grows with each use. */
const mostUses = 40;

let longestIdleInMemory: number | undefined;

const idle: { readonly made: CreatedPglite; readonly timer: NodeJS.Timeout }[] = [];
const uses = new WeakMap<PGlite, number>();

/**
 * Returns an empty database in memory: one that was given back, otherwise a new one. To start a PGlite takes half a
 * second of a processor, and to empty one some milliseconds.
 *
 * @param path - the schemas in which names are looked for, which a database keeps
 * @throws AshlarError `driver-missing`
 */
export async function takeEmptied(path: readonly string[] = usualPath): Promise<CreatedPglite> {
  const at = idle.findLastIndex(({ made }) => made.path.join() === path.join());
  const [taken] = at < 0 ? [] : idle.splice(at, 1);
  clearTimeout(taken?.timer);
  const made = taken?.made ?? (await createPglite(undefined, { path }));
  uses.set(made.database, (uses.get(made.database) ?? 0) + 1);
  return made;
}

/**
 * Empties a database, and keeps it for the next caller of {@link takeEmptied}; closes it when it cannot be emptied.
 *
 * @param longestIdle - how long it is kept, in milliseconds: an open PGlite keeps its process running
 */
export async function giveBack(made: CreatedPglite, longestIdle: number): Promise<void> {
  const longest = Math.max(longestIdle, longestIdleInMemory ?? 0);
  const hasRoom = (): boolean => idle.length < mostIdle && (uses.get(made.database) ?? 0) < mostUses;
  if (!hasRoom() || !(await isEmptied(made.database)) || !hasRoom()) return made.database.close();
  const timer = setTimeout(() => {
    idle.splice(
      idle.findIndex((kept) => kept.made === made),
      1,
    );
    void made.database.close();
  }, longest);
  idle.push({ made, timer });
}

/**
 * Lets this process reuse every database in memory that is closed, not only those of comparisons and of test databases,
 * and keep all of them for longer.
 * For the tests of Ashlar, which open thousands.
 *
 * @param longestIdle - as for {@link giveBack}
 */
export function reuseInMemory(longestIdle: number): void {
  longestIdleInMemory = longestIdle;
}

/** An open database, and how to close it. */
export interface OpenData {
  readonly made: CreatedPglite;
  /** @param isInUse - whether a transaction that did not end still uses it */
  close(isInUse: boolean): Promise<void>;
}

/** Opens an empty database in memory. @throws AshlarError `driver-missing` */
export async function openInMemory(path: readonly string[] = usualPath): Promise<OpenData> {
  const longest = longestIdleInMemory;
  const made = await (longest === undefined ? createPglite(undefined, { path }) : takeEmptied(path));
  return {
    made,
    close: (isInUse) => (longest === undefined || isInUse ? made.database.close() : giveBack(made, longest)),
  };
}

/** Closes the databases that are kept, so that the process can end. */
export async function closeIdle(): Promise<void> {
  for (const { made, timer } of idle.splice(0)) {
    clearTimeout(timer);
    await made.database.close();
  }
}

// public as initdb makes it
const empty = `
DO $$ DECLARE one name; BEGIN
  FOR one IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', one);
  END LOOP;
  FOR one IN SELECT rolname FROM pg_roles WHERE oid >= 16384 LOOP
    EXECUTE format('DROP OWNED BY %1$I CASCADE', one);
    EXECUTE format('DROP ROLE %I', one);
  END LOOP;
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC`;

const catalogs =
  `pg_authid pg_cast pg_class pg_collation pg_database pg_default_acl pg_event_trigger pg_extension
  pg_foreign_data_wrapper pg_language pg_largeobject_metadata pg_namespace pg_operator pg_parameter_acl pg_policy pg_proc
  pg_publication pg_tablespace pg_ts_config pg_type`.split(/\s+/);

// from 16384 on are the objects that initdb did not make
const leftovers = `
SELECT (SELECT count(*) FROM (${catalogs.map((name) => `SELECT oid FROM ${name}`).join(' UNION ALL ')}) o
    WHERE oid >= 16384 AND oid <> 'public'::regnamespace)
  + (SELECT count(*) FROM pg_db_role_setting) + (SELECT count(*) FROM pg_database WHERE datname = current_database() AND datacl IS NOT NULL) AS n`;

const isEmptied = async (database: PGlite): Promise<boolean> => {
  try {
    await database.exec('ROLLBACK');
    await database.exec('DISCARD ALL');
    await database.exec(empty);
    const { rows } = await database.query<{ n: number }>(leftovers);
    return Number(rows[0]?.n) === 0;
  } catch {
    return false;
  }
};
