import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import base from './vitest.config.js';

const { PG_BIN, PGBOUNCER } = process.env;
if (!PG_BIN) {
  throw new Error(
    'PG_BIN must name the folder of an installed PostgreSQL, such as /usr/lib/postgresql/15/bin.',
  );
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const opening = here('packages/ashlar/src/engines/postgres/server/open.ts');
const throughPooler = here('test/support/through-pooler.ts');

/** Lets every module but the replacement itself import `openPostgres` from the replacement. */
const replaceOpening = {
  name: 'through-pooler',
  enforce: 'pre' as const,
  resolveId: (source: string, importer: string | undefined) =>
    importer !== undefined &&
    importer !== throughPooler &&
    source.endsWith('/open.js') &&
    resolve(dirname(importer), source).replace(/\.js$/, '.ts') === opening
      ? throughPooler
      : undefined,
};

const throughPgBouncer = (mode: 'session' | 'transaction'): TestProjectConfiguration => ({
  ...base,
  plugins: [replaceOpening],
  test: {
    ...base.test,
    name: `PgBouncer, ${mode} mode`,
    globalSetup: ['test/support/scratch.ts', `test/support/pooled-${mode}.ts`],
    // tests of sync are of SQLite alone
    exclude: ['packages/ashlar/test/session/sync.test.ts'],
    include: [
      'packages/ashlar/test/session/*.test.ts',
      'packages/ashlar/test/engines/postgres/{transactions,values}.test.ts',
      'packages/ashlar/test/guarantees/{append-only,context,ledgered,scoped,scoped-attacks,scoped-objects}.test.ts',
    ],
  },
});

/**
 * What needs an installed PostgreSQL (PG_BIN), because npm packages bring no pg_dump and no older server: the tests of
 * copies and backups, and those below on a server of that version. PGBOUNCER names a pgbouncer: the tests of sessions then
 * run through it as well, in both of its modes.
 */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: [
      {
        ...base,
        test: {
          ...base.test,
          name: 'server',
          globalSetup: ['test/support/scratch.ts', 'test/support/installed-server.ts'],
          include: [
            'packages/ashlar/test/postgres-tools/*.tools.ts',
            'packages/ashlar/test/engines/postgres/{server,schema,transactions,values}.test.ts',
            'packages/ashlar/test/guarantees/{append-only,ledgered,ledgered-server,partitioned,scoped,scoped-attacks}.test.ts',
            'packages/ashlar/test/catalogue/{clean,accepted,decoys,hidden,printed}.test.ts',
            'packages/ashlar/test/prove/{prove,every-guarantee}.test.ts',
            'packages/ashlar/test/roles/*.test.ts',
            'packages/ashlar/test/session/session.test.ts',
            'systems/*/test/migrations.test.ts',
          ],
          exclude: PGBOUNCER ? [] : ['packages/ashlar/test/postgres-tools/pooler*.tools.ts'],
        },
      },
      ...(PGBOUNCER ? [throughPgBouncer('transaction'), throughPgBouncer('session')] : []),
    ],
  },
});
