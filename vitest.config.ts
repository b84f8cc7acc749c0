import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^ashlar$/, replacement: here('./src/index.ts') },
      { find: /^ashlar\/guarantees$/, replacement: here('./src/guarantees/index.ts') },
      { find: /^ashlar\/systems\/([^/]+)$/, replacement: here('./systems/$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres-server.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
