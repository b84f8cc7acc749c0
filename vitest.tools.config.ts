import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/**
 * What needs the real pg_dump and pg_restore, which npm brings along nowhere: PG_BIN names the folder of a PostgreSQL's
 * programs, such as /usr/lib/postgresql/17/bin.
 */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['packages/ashlar/test/postgres-tools/*.tools.ts'], globalSetup: [] },
});
