import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

const tests = 'packages/ashlar/test';

/** The files of tests that take one engine of each dialect in `npm test`. Here they take the other one. */
const files = readdirSync(new URL(tests, import.meta.url), { recursive: true })
  .map((name) => `${tests}/${name}`)
  .filter(
    (path) =>
      path.endsWith('.test.ts') &&
      readFileSync(new URL(path, import.meta.url), 'utf8').includes('oneOfEach('),
  );

export default defineConfig({ ...base, mode: 'others', test: { ...base.test, include: files } });
