import { type EngineName, type FirstDatabase, sqlOf } from './engine.js';
import type { Writing } from './language.js';
import type { Runner } from './runner.js';

// TypeScript 6 and later load no types that nothing names: URL and import.meta.url are types of Node
const nodeTypes = '/// <reference types="node" />\n';

/** The first table, and the system that it belongs to. */
export function tableFile({ language, usesTypes }: Writing): string {
  const isTyped = language === 'typescript';
  return `${usesTypes ? nodeTypes : ''}import { id, index, ${isTyped ? 'type Row, ' : ''}system, table, timestamps } from 'ashlar';
import { lifecycle } from 'ashlar/guarantees';
import { z } from 'zod';

export const orders = table(
  'orders',
  {
    id: id(), // a UUIDv7, made here
    reference: z.string().min(1).max(50),
    status: z.enum(['open', 'paid', 'shipped']).default('open'),
    total_cents: z.int().min(0),
    items: z.array(z.object({ sku: z.string(), quantity: z.int() })),
    ...timestamps(),
  },
  (c) => [
    index(c.reference),
    lifecycle(c.status, { open: ['paid'], paid: ['shipped'], shipped: [] }, { initial: 'open' }),
  ],
);

${isTyped ? 'export type Order = Row<typeof orders>;\n' : ''}export const shop = system('shop', {
  tables: { orders },
  migrations: new URL('./migrations/', import.meta.url),
});
`;
}

/** The configuration; `specifier` imports the system. */
export function configFile({ engine, url: given }: FirstDatabase, specifier: string): string {
  const url = given === undefined ? '' : `, url: '${given}'`;
  return `import { defineConfig } from 'ashlar/config';
import { shop } from ${literal(specifier)};

export default defineConfig({ systems: [shop], engines: ['${sqlOf(engine)}']${url} });
`;
}

/** One test of the first table's guarantee. */
export function testFile(engine: EngineName, runner: Runner, { imported }: Writing): string {
  const options = engine === 'sqlite' ? '' : `, { url: 'pglite' }`;
  const inserted = `s.insert(orders, { reference: 'R-1', total_cents: 1, items: [] })`;
  const imports = `import { orders, shop } from './shop.${imported}';`;
  // Vitest gives a test five seconds
  const start = engine === 'sqlite' ? '' : '{ timeout: 30_000 }, ';
  const remark = engine === 'sqlite' ? '' : '// the first PGlite of a process takes seconds to start\n';
  if (runner === 'vitest')
    return `import { testDatabase } from 'ashlar/testing';
import { expect, test } from 'vitest';
${imports}

${remark}test('a paid order is never opened again', ${start}async () => {
  const db = await testDatabase(shop${options});
  try {
    const { id } = await db.session((s) => ${inserted});
    await db.session((s) => s.update(orders, id, { status: 'paid' }));
    await expect(db.session((s) => s.update(orders, id, { status: 'open' }))).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
  } finally {
    await db.close();
  }
});
`;
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from 'ashlar/testing';
${imports}

test('a paid order is never opened again', async () => {
  const db = await testDatabase(shop${options});
  try {
    const { id } = await db.session((s) => ${inserted});
    await db.session((s) => s.update(orders, id, { status: 'paid' }));
    await assert.rejects(
      db.session((s) => s.update(orders, id, { status: 'open' })),
      { code: 'guarantee-violated' },
    );
  } finally {
    await db.close();
  }
});
`;
}

/** The settings that a developer copies to `.env`. */
export function exampleEnvironment({ engine, url, file }: FirstDatabase): string {
  const head = '# Copy this file to .env, which git ignores. Both go before the URL in the configuration.\n';
  if (engine === 'postgres')
    return `${head}DATABASE_URL=postgres://postgres:secret@localhost:5432/shop
# In production the owner migrates, and the application's user has fewer rights:
# DATABASE_MIGRATE_URL=postgres://owner:secret@localhost:5432/shop
`;
  const encrypted =
    engine === 'sqlite'
      ? `# An encrypted file, with a key that \`ashlar key new\` makes:
# DATABASE_URL=sqlcipher:${file}
# DATABASE_KEY_FILE=database.key
`
      : '';
  return `${head}# DATABASE_URL=${url}\n${encrypted}`;
}

/** The lines of .gitignore: settings, keys, and the database if it is a file. */
export function ignored({ engine, file }: FirstDatabase): readonly string[] {
  const files = { sqlite: [`${file}*`], pglite: [`${file}/`], postgres: [] }[engine];
  return ['node_modules/', '.env', '*.key', ...files];
}

const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
