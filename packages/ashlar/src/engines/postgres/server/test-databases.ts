import { createHash, randomBytes } from 'node:crypto';
import type { RunSql } from '../../../contract/sql.js';
import type { Template, TestDatabases, TestPlace } from '../../../contract/test-databases.js';
import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { postgresDialect } from '../dialect.js';
import { asLogin, atDatabase, createEmptyDatabase, dropAbandoned, serverSeconds } from './databases.js';
import { openPostgres } from './open.js';

const databasePrefix = 'ashlar_test';
const templatePrefix = 'ashlar_template';
/** How long a database without a client may belong to a test that is being debugged, in seconds. */
const databaseGrace = 86_400;
/** How long a template is kept on the server, in seconds. */
const templateGrace = 7 * 86_400;
/** How long a process waits while another one fills the same template, in milliseconds. */
const longestFill = 60_000;

/** The templates that this process has found or made, by server, user, schema and content. */
const known = new Map<string, Promise<string>>();

const drop = (name: string): string => `DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`;

/** The part of a template's name that says what is in it. */
const contentOf = (url: string, template: Template): string => {
  const { username, searchParams } = new URL(url);
  return createHash('sha256')
    .update(JSON.stringify([username, searchParams.get('schema'), template.name]))
    .digest('hex')
    .slice(0, 24);
};

const fill = async (url: string, name: string, template: Template): Promise<void> => {
  const engine = await openPostgres({ url: atDatabase(url, name), connections: 1 });
  try {
    await template.fill(engine);
  } finally {
    await engine.close();
  }
};

/** Finds or creates the database that new test databases are copies of. @returns its name */
const findTemplate = async (run: RunSql, url: string, template: Template): Promise<string> => {
  const content = contentOf(url, template);
  const lock = `ashlar template ${content}`;
  // the test processes of one run start together
  await run('SELECT pg_advisory_lock(hashtextextended($1, 0))', [lock]);
  try {
    await dropAbandoned(run, databasePrefix, databaseGrace);
    await dropAbandoned(run, templatePrefix, templateGrace);
    const [found] = await run(
      `SELECT datname AS name FROM pg_database
WHERE starts_with(datname, $1) AND right(datname, 25) = '_' || $2 AND pg_has_role(datdba, 'USAGE')`,
      [`${templatePrefix}_`, content],
    );
    if (found) return String(found.name);
    const name = `${templatePrefix}_${await serverSeconds(run)}_${content}`;
    // only a complete template has the name that others look for
    const unfinished = `${databasePrefix}_${await serverSeconds(run)}_${randomBytes(6).toString('hex')}`;
    await createEmptyDatabase(run, unfinished);
    try {
      await fill(url, unfinished, template);
      await run(`ALTER DATABASE ${identifier(unfinished)} RENAME TO ${identifier(name)}`);
    } catch (error) {
      await run(drop(unfinished));
      throw error;
    }
    return name;
  } finally {
    await run('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [lock]);
  }
};

const templateFor = (run: RunSql, url: string, template: Template): Promise<string> => {
  const key = JSON.stringify([url, template.name]);
  let name = known.get(key);
  if (!name) {
    name = findTemplate(run, url, template);
    known.set(key, name);
    name.catch(() => known.delete(key));
  }
  return name;
};

const copyTemplate = async (run: RunSql, url: string, template: Template): Promise<string> => {
  const from = await templateFor(run, url, template);
  const name = `${databasePrefix}_${await serverSeconds(run)}_${randomBytes(6).toString('hex')}`;
  const copy = (source: string) => run(`CREATE DATABASE ${identifier(name)} TEMPLATE ${identifier(source)}`);
  try {
    await copy(from);
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code === 'privilege-missing') throw missingPrivilege(error);
    // the template was dropped since this process found it
    known.clear();
    await copy(await templateFor(run, url, template));
  }
  return name;
};

const missingPrivilege = (error: unknown): unknown =>
  error instanceof AshlarError
    ? new AshlarError('privilege-missing', {
        message: 'The user of this URL may not create databases.',
        detail: 'On a server, each test has a database of its own.',
        suggestion:
          'Let the tests connect as a user with CREATEDB (ALTER ROLE … CREATEDB), or as the superuser.',
        cause: error,
      })
    : error;

/**
 * Test databases on a server: each is a copy (CREATE DATABASE … TEMPLATE) of a database that stays on the server for a
 * week. Databases that killed tests left are dropped after a day.
 */
export const postgresTestDatabases: TestDatabases = {
  dialect: postgresDialect,
  create: async (url, template): Promise<TestPlace> => {
    // only databases are created here: the schema of the URL need not exist
    const server = await openPostgres({
      url,
      create: false,
      anySchema: true,
      connections: 1,
      lockTimeout: longestFill,
    });
    try {
      const name = await asLogin(server, (run) => copyTemplate(run, url, template));
      const own = atDatabase(url, name);
      return {
        url: own,
        open: (options) => openPostgres({ ...options, url: own }),
        remove: async () => {
          try {
            await asLogin(server, (run) => run(drop(name)));
          } finally {
            await server.close();
          }
        },
      };
    } catch (error) {
      await server.close();
      throw error;
    }
  },
};
