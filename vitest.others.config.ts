import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

const folders = ['packages/ashlar/test', 'systems', 'test'];

/** The files of tests that take one engine of each dialect in `npm test`. Here they take the other one. */
const files = folders
  .flatMap((folder) =>
    readdirSync(new URL(folder, import.meta.url), { recursive: true }).map((name) => `${folder}/${name}`),
  )
  .filter(
    (path) =>
      !path.includes('/node_modules/') &&
      path.endsWith('.test.ts') &&
      readFileSync(new URL(path, import.meta.url), 'utf8').includes('oneOfEach('),
  );

export default defineConfig({ ...base, mode: 'others', test: { ...base.test, include: files } });
