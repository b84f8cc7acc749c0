import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

const { PG_BIN, PGBOUNCER } = process.env;
if (!PG_BIN) {
  throw new Error(
    'PG_BIN must name the folder of an installed PostgreSQL, such as /usr/lib/postgresql/15/bin.',
  );
}

/**
 * What needs an installed PostgreSQL (PG_BIN), because npm packages bring no pg_dump and no older server: the tests of
 * copies and backups, and those below on a server of that version. PGBOUNCER names a pgbouncer to test through as well.
 */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    globalSetup: ['test/support/scratch.ts', 'test/support/installed-server.ts'],
    include: [
      'packages/ashlar/test/postgres-tools/*.tools.ts',
      'packages/ashlar/test/engines/postgres/{server,schema,transactions,values}.test.ts',
      'packages/ashlar/test/guarantees/{append-only,ledgered,ledgered-server,partitioned,scoped,scoped-attacks}.test.ts',
      'packages/ashlar/test/catalogue/{clean,accepted}.test.ts',
      'packages/ashlar/test/prove/{prove,every-guarantee}.test.ts',
      'packages/ashlar/test/roles/*.test.ts',
      'packages/ashlar/test/session/session.test.ts',
      'systems/*/test/migrations.test.ts',
    ],
    exclude: PGBOUNCER ? [] : ['packages/ashlar/test/postgres-tools/pooler.tools.ts'],
  },
});
