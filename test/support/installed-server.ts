import type { TestProject } from 'vitest/node';
import { startCluster } from './cluster.js';

/** The server that `PG_BIN` names, as the only engine of the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster(process.env.PG_BIN ?? '');
  project.provide('postgresUrl', cluster.url());
  project.provide('engines', ['postgres']);
  return () => cluster.stop();
}
