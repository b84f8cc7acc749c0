import type { TestProject } from 'vitest/node';
import { setupPooled } from './pooled-server.js';

/** A server behind PgBouncer in transaction mode. */
export function setup(project: TestProject): Promise<() => Promise<void>> {
  return setupPooled(project, 'transaction');
}
