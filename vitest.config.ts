import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/support/sequencer.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^ashlar$/, replacement: here('./packages/ashlar/src/index.ts') },
      // the entry needs the database; src/ledger is what sealing and verifying share
      { find: /^ashlar\/ledger$/, replacement: here('./packages/ashlar/src/ledger/database/index.ts') },
      {
        find: /^ashlar\/(?!verifier|package)([^/]+)$/,
        replacement: here('./packages/ashlar/src/$1/index.ts'),
      },
      { find: /^@ashlar\/([^/]+)$/, replacement: here('./systems/$1/src/index.ts') },
      { find: /^@ashlar\/([^/]+)\/sample$/, replacement: here('./systems/$1/src/sample.ts') },
    ],
  },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'systems/*/test/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    globalSetup: ['test/support/scratch.ts', 'test/support/postgres-server.ts'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: '100%',
    isolate: false,
    sequence: { sequencer: SlowestFirst },
  },
});
