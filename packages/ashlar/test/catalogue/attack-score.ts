import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System, Table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { installScopeKey } from 'ashlar/keys';
import { maintain, up } from 'ashlar/migrations';
import { inject } from 'vitest';
import { asAdmin } from '../../../../test/support/engines.js';
import { PgliteChannel } from '../../src/engines/postgres/pglite/channel.js';
import type { Request } from '../../src/engines/postgres/wire/channel.js';
import { inCreationOrder } from '../../src/migrations/shadow.js';
import { attackTable } from '../../src/prove/attack-table.js';
import { defaultRoles } from '../../src/roles/names.js';
import { fill } from '../prove/every-guarantee.js';
import { type Mutant, postgresMutants } from './postgres-mutants.js';
import type { Recorded } from './recorded.js';
import { sqliteMutants } from './sqlite-mutants.js';

/** What the attacks said of one mutant. */
export interface Attacked {
  readonly kind: string;
  readonly name: string;
  /** `impossible`: the database refuses the change itself. */
  readonly outcome: 'named' | 'silent' | 'impossible';
  /** The attack that succeeded, or the error of the database. */
  readonly by: string;
  /** Of one that no attack tells: what stops the attacks that the unchanged object stopped. */
  readonly instead?: readonly string[];
}

/** The tables whose guarantees other tables use: all are attacked where an object of these is changed. */
const shared = new Set(['trail', 'holds', 'data_keys']);

/** The tables that are attacked for a mutant: that of its object, which its name begins with, or all. */
const attackedFor = (system: System, name: string | undefined): readonly Table[] => {
  const all = inCreationOrder(Object.values<Table>(system.tables)).filter(
    (table) => table.guarantees.length > 0,
  );
  const own = all
    .filter((table) => name?.startsWith(table.name) && !/^[a-z0-9]/.test(name.slice(table.name.length)))
    .toSorted((one, other) => other.name.length - one.name.length)[0];
  return own === undefined || shared.has(own.name) ? all : [own];
};

// the keys of rows differ from one attempt to the next
const uuids = /[0-9a-f]{8}-[0-9a-f-]{27}/g;

/** What stopped each attack, by table, attacker and attack. */
type Stopped = Map<string, string>;

/**
 * The first attack that succeeds, or that cannot be tried any more; `undefined` where all are refused.
 *
 * @param stopped - is filled with what stopped the attacks
 */
const succeeding = async (
  engine: Engine,
  system: System,
  name?: string,
  stopped: Stopped = new Map(),
): Promise<string | undefined> => {
  engine.register(Object.values<Table>(system.tables));
  for (const table of attackedFor(system, name))
    for (const as of ['app', 'owner'] as const) {
      const partitions = await engine.asOwner((owner) => engine.partitions(owner, table.name));
      const tried = await attackTable(engine, system, {
        table,
        as,
        partitions: partitions.map(({ name }) => name),
      });
      for (const [, reports] of tried)
        for (const { name, verdict, by } of reports) {
          const attack = `${table.name}, as the ${as}: ${name}`;
          if (verdict === 'failed') return `${attack}: ${by}`;
          stopped.set(attack, by.replace(uuids, 'a row'));
        }
    }
  return undefined;
};

/** What stops the attacks that another barrier stopped in the unchanged database: proof that both refuse the same. */
const insteadOf = (clean: Stopped, now: Stopped): readonly string[] => [
  ...new Set([...now].filter(([attack, by]) => clean.get(attack) !== by).map(([, by]) => by)),
];

const attacked = async (
  { kind, name, sql }: Mutant,
  engine: Engine,
  system: System,
  clean: Stopped,
): Promise<Attacked> => {
  const dialect = engine.dialect.name;
  try {
    await engine.asOwner(async (owner) => {
      // who opens a file by other means has no foreign keys
      if (dialect === 'sqlite') await owner.script('PRAGMA foreign_keys = OFF');
      try {
        await owner.atomically(async () => {
          for (const statement of sql) await owner.script(statement);
        });
      } finally {
        if (dialect === 'sqlite') await owner.script('PRAGMA foreign_keys = ON');
      }
    });
  } catch (error) {
    return { kind, name, outcome: 'impossible', by: String((error as Error).message) };
  }
  let by: string | undefined;
  const now: Stopped = new Map();
  try {
    by = await succeeding(engine, system, name, now);
  } catch (error) {
    by = String((error as Error).message);
  }
  if (by !== undefined) return { kind, name, outcome: 'named', by };
  return { kind, name, outcome: 'silent', by: '', instead: insteadOf(clean, now) };
};

const asSavepoint = ({ text, ...rest }: Request): Request => {
  const nested = /^BEGIN\b/.test(text)
    ? 'SAVEPOINT of_a_mutant'
    : text === 'COMMIT'
      ? 'RELEASE SAVEPOINT of_a_mutant'
      : text === 'ROLLBACK'
        ? 'ROLLBACK TO SAVEPOINT of_a_mutant; RELEASE SAVEPOINT of_a_mutant'
        : text;
  return { ...rest, text: nested };
};

let isNested = false;
const { send, together } = PgliteChannel.prototype;
PgliteChannel.prototype.send = function (request) {
  return send.call(this, isNested ? asSavepoint(request) : request);
};
PgliteChannel.prototype.together = function (requests) {
  return together.call(this, isNested ? requests.map(asSavepoint) : requests);
};

/** Runs `work` in a transaction that is rolled back; those that it begins are savepoints of it. */
const undone = async <T>(engine: Engine, work: () => Promise<T>): Promise<T> => {
  await engine.asOwner((owner) => owner.script('BEGIN'));
  isNested = true;
  try {
    return await work();
  } finally {
    isNested = false;
    await engine.asOwner((owner) => owner.script('ROLLBACK'));
  }
};

/** What is attacked, which mutants are tried, and where what is found is recorded. */
export interface AttackedDatabase {
  readonly system: System;
  readonly migrations: URL;
  readonly isChosen: (mutant: Mutant) => boolean;
  readonly recorded: Recorded<Attacked>;
}

/** Attacks each chosen mutant that was not attacked before. */
const attackEach = async (
  { isChosen, recorded }: AttackedDatabase,
  mutants: readonly Mutant[],
  attackOne: (mutant: Mutant) => Promise<Attacked>,
): Promise<readonly Attacked[]> => {
  recorded.ofAll(mutants.length);
  for (const mutant of mutants)
    if (isChosen(mutant) && !recorded.has(mutant))
      try {
        recorded.add(await attackOne(mutant));
      } catch (error) {
        // it is not tried again: a run that goes on begins behind it
        const { kind, name } = mutant;
        recorded.add({ kind, name, outcome: 'impossible', by: `the attacks did not end: ${String(error)}` });
        throw error;
      }
  return recorded.all;
};

const prepared = async (
  engine: Engine,
  { system, migrations }: AttackedDatabase,
  scopeKey?: string,
): Promise<void> => {
  await up(engine, system);
  if (scopeKey !== undefined) await installScopeKey(engine, scopeKey);
  await maintain(engine, Object.values(system.tables), new Date());
  await fill(engine, migrations);
};

const stranger = 'mutant_stranger';

/** Makes each mutant of a PGlite in a transaction that is rolled back, and attacks the guarantees in it. Nothing is compared. */
const onPglite = async (given: AttackedDatabase): Promise<readonly Attacked[]> => {
  const scopeKey = '1f'.repeat(32);
  const engine = await openEngine({ url: 'pglite:memory', scopeKey });
  try {
    await prepared(engine, given, scopeKey);
    await engine.asOwner((owner) => owner.script(`CREATE ROLE ${stranger}`));
    const mutants = await engine.asOwner((owner) =>
      postgresMutants(owner.run, { ...defaultRoles, stranger }),
    );
    const clean: Stopped = new Map();
    const attack = await undone(engine, () => succeeding(engine, given.system, undefined, clean));
    if (attack !== undefined) throw new Error(`The unchanged database is attacked: ${attack}`);
    return await attackEach(given, mutants, (mutant) =>
      undone(engine, () => attacked(mutant, engine, given.system, clean)),
    );
  } finally {
    await engine.close();
  }
};

/**
 * Makes each mutant in a copy of a database of a server, and attacks the guarantees in it, from connections of their own. Nothing is
 * compared. A role belongs to all databases: what is done to one is tried on PGlite only.
 */
const onServer = async (given: AttackedDatabase): Promise<readonly Attacked[]> => {
  const scopeKey = '1f'.repeat(32);
  const [original, copy] = ['mutants_original', 'mutants_copy'];
  const opened = async <T>(name: string, work: (engine: Engine) => Promise<T>): Promise<T> => {
    const url = new URL(inject('postgresUrl'));
    url.pathname = `/${name}`;
    const engine = await openEngine({ url: url.href, scopeKey });
    try {
      return await work(engine);
    } finally {
      await engine.close();
    }
  };
  const inCopy = async <T>(work: (engine: Engine) => Promise<T>): Promise<T> => {
    await asAdmin(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
    await asAdmin(`CREATE DATABASE ${copy} TEMPLATE ${original}`);
    // a copy is another place, to which the keys of the original are not bound
    await opened(copy, (engine) => installScopeKey(engine, scopeKey));
    return opened(copy, work);
  };
  await asAdmin(`DROP DATABASE IF EXISTS ${original} WITH (FORCE)`);
  await asAdmin(`CREATE DATABASE ${original}`);
  if ((await asAdmin(`SELECT 1 FROM pg_roles WHERE rolname = '${stranger}'`)).length === 0)
    await asAdmin(`CREATE ROLE ${stranger}`);
  try {
    const mutants = await opened(original, async (engine) => {
      await prepared(engine, given, scopeKey);
      return engine.asOwner((owner) => postgresMutants(owner.run, { ...defaultRoles, stranger }));
    });
    const clean: Stopped = new Map();
    const attack = await inCopy((engine) => succeeding(engine, given.system, undefined, clean));
    if (attack !== undefined) throw new Error(`The unchanged database is attacked: ${attack}`);
    const own = mutants.filter(({ kind, sql }) => kind !== 'role' && !sql.join(' ').includes(' ROLE '));
    return await attackEach(given, own, (mutant) =>
      inCopy((engine) => attacked(mutant, engine, given.system, clean)),
    );
  } finally {
    for (const name of [copy, original]) await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await asAdmin(`DROP ROLE ${stranger}`);
  }
};

/** Makes each mutant in a copy of a file, and attacks the guarantees in it. Nothing is compared. */
const onFile = async (
  scheme: 'sqlite' | 'sqlcipher',
  given: AttackedDatabase,
): Promise<readonly Attacked[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-mutants-'));
  const [original, copy] = [join(folder, 'original.db'), join(folder, 'copy.db')];
  const opened = async <T>(path: string, work: (engine: Engine) => Promise<T>): Promise<T> => {
    const engine = await openEngine({
      url: `${scheme}:${path}`,
      ...(scheme === 'sqlcipher' ? { key: '2e'.repeat(32) } : {}),
    });
    try {
      return await work(engine);
    } finally {
      await engine.close();
    }
  };
  const inCopy = async <T>(work: (engine: Engine) => Promise<T>): Promise<T> => {
    for (const suffix of ['-wal', '-shm']) await rm(`${copy}${suffix}`, { force: true });
    await copyFile(original, copy);
    return opened(copy, work);
  };
  try {
    const mutants = await opened(original, async (engine) => {
      await prepared(engine, given);
      return engine.asOwner((owner) => sqliteMutants(owner.run));
    });
    const clean: Stopped = new Map();
    const attack = await inCopy((engine) => succeeding(engine, given.system, undefined, clean));
    if (attack !== undefined) throw new Error(`The unchanged database is attacked: ${attack}`);
    return await attackEach(given, mutants, (mutant) =>
      inCopy((engine) => attacked(mutant, engine, given.system, clean)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Attacks each mutant, with all comparison switched off. */
export const attackScores = {
  sqlite: (given: AttackedDatabase) => onFile('sqlite', given),
  sqlcipher: (given: AttackedDatabase) => onFile('sqlcipher', given),
  pglite: onPglite,
  postgres: onServer,
};
