import { docuvault } from '@ashlar/docuvault';
import { wills } from '@ashlar/wills';
import type { System } from 'ashlar';
import { type TestOptions, testDatabase } from 'ashlar/testing';
import { median } from './measure.js';
import { startPostgres } from './postgres-server.js';

const milliseconds = (value: number): string => `${value.toFixed(value < 20 ? 1 : 0)} ms`;

/** Measures how long `ashlar/testing` takes to create a database and to drop it, after the first one. */
export async function testingFigures(rounds: number, print: (line: string) => void): Promise<void> {
  const server = await startPostgres({ durable: false });
  const engines: readonly (readonly [string, TestOptions])[] = [
    ['SQLite', { url: 'sqlite' }],
    ['SQLCipher', { url: 'sqlcipher' }],
    ['PGlite', { url: 'pglite' }],
    ['PostgreSQL', { url: server.url }],
    ['PostgreSQL, two roles', { url: server.url, roles: 'two' }],
  ];
  try {
    for (const system of [docuvault, wills] as readonly System[]) {
      for (const [name, options] of engines) {
        const figures = { create: [] as number[], close: [] as number[] };
        for (let round = 0; round <= rounds; round++) {
          const start = performance.now();
          const db = await testDatabase(system, options);
          const created = performance.now();
          await db.close();
          figures.create.push(created - start);
          figures.close.push(performance.now() - created);
        }
        const [first = 0, ...later] = figures.create;
        print(
          `test database · ${system.name} · ${name}`.padEnd(52) +
            ` ${milliseconds(median(later))}   close ${milliseconds(median(figures.close))}   first ${milliseconds(first)}`,
        );
      }
    }
  } finally {
    await server.stop();
  }
}
