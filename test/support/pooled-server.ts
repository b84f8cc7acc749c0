import type { TestProject } from 'vitest/node';
import { startCluster } from './cluster.js';
import { startPooler } from './pooler.js';

/** The server that `PG_BIN` names behind the PgBouncer that `PGBOUNCER` names, as the only engine of the run. */
export async function setupPooled(
  project: TestProject,
  mode: 'session' | 'transaction',
): Promise<() => Promise<void>> {
  const { PG_BIN = '', PGBOUNCER = '' } = process.env;
  const cluster = await startCluster(PG_BIN);
  const pooler = await startPooler(PGBOUNCER, cluster, {
    mode,
    // each transaction gets the connection that was used least recently; tests hold several at once
    settings: ['server_round_robin = 1', 'default_pool_size = 40', 'max_client_conn = 1000'],
  });
  project.provide('postgresUrl', cluster.url());
  project.provide('pooler', { port: pooler.port, console: pooler.consoleUrl });
  project.provide('engines', ['postgres']);
  return async () => {
    await pooler.stop();
    await cluster.stop();
  };
}
