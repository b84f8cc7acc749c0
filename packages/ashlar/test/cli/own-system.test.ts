import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const execute = promisify(execFile);
const repository = fileURLToPath(new URL('../../../..', import.meta.url));

const files = {
  'package.json': '{ "name": "shop", "private": true, "type": "module" }',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    },
    include: ['*.ts'],
  }),
  'errors.ts': `
import { defineErrors } from 'ashlar';
export const shopErrors = defineErrors('shop', {
  'stock-empty': { exit: 1, meaning: 'Nothing is left of the item.' },
  'shelf-locked': { exit: 3, meaning: 'The shelf cannot be opened.' },
});
declare module 'ashlar' {
  interface SystemErrors { readonly shop: typeof shopErrors }
}`,
  'shop.ts': `
import { AshlarError, command, id, system, table } from 'ashlar';
import { z } from 'zod';
import './errors.js';

const items = table('items', { id: id(), name: z.string(), stock: z.int() });
const tables = { items };

export const shop = system('shop', {
  tables,
  migrations: new URL('./migrations/', import.meta.url),
  commands: {
    add: command({
      summary: 'put an item on the shelf',
      tables,
      input: z.object({
        name: z.string().describe('the name of the item'),
        count: z.int().min(1).default(1).describe('how many'),
        labels: z.array(z.string()).default([]).describe('further labels'),
      }),
      positionals: ['name', 'labels'],
      run: async ({ db, input, actor, print }) => {
        await db.session({ actor }, (s) => s.insert(items, { name: input.name, stock: input.count }));
        print(\`added \${input.count} \${input.name}\${input.labels.map((label) => \` #\${label}\`).join('')}\`);
        return input;
      },
    }),
    'low-stock': command({
      summary: 'list the items that must be ordered',
      description: 'An item must be ordered when less than a minimum is in stock.',
      tables,
      input: z.object({
        below: z.int().min(0).optional().describe('the minimum; LOW_STOCK by default'),
        orderBy: z.enum(['name', 'stock']).default('name').describe('the order of the list'),
      }),
      settings: z.object({
        LOW_STOCK: z.coerce.number('is not a number').default(10).describe('the minimum of every item'),
      }),
      run: ({ db, input, settings }) =>
        db.read((s) =>
          s.query.selectFrom('items').select(['name', 'stock'])
            .where('stock', '<', input.below ?? settings.LOW_STOCK).orderBy(input.orderBy).execute(),
        ),
    }),
    count: command({
      summary: 'count the items',
      input: z.object({
        as: z.enum(['bigint', 'set', 'map', 'circle', 'object-keys', 'function']),
        print: z.boolean().default(false),
      }),
      positionals: ['as'],
      run: async ({ input, print }) => {
        if (input.print) print('counted');
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return {
          bigint: { total: 2n ** 64n, items: [{ name: 'apple', stock: 3n }] },
          set: { names: new Set(['apple', 1n]) },
          map: new Map<string | number, unknown>([['apple', new Map([[7, 3n]])], ['__proto__', 1]]),
          circle,
          'object-keys': { stock: new Map([[{ name: 'apple' }, 3]]) },
          function: () => 3,
        }[input.as];
      },
    }),
    take: command({
      summary: 'take an item off the shelf',
      input: z.object({ locked: z.boolean().default(false) }),
      run: async ({ input }) => {
        throw new AshlarError(input.locked ? 'shelf-locked' : 'stock-empty', {
          message: 'No apples are left.',
          suggestion: 'Order some.',
        });
      },
    }),
  },
});`,
  'ashlar.config.ts': `
import { shop } from './shop.js';
export default { systems: [shop], url: 'sqlite:shop.db' };`,
  'union.ts': `
import { AshlarError, type ErrorCode } from 'ashlar';
import './errors.js';
export const own: ErrorCode = 'stock-empty';
export const builtIn: ErrorCode = 'usage';
export const error = new AshlarError('shelf-locked', { message: 'm' });
// @ts-expect-error no catalogue has this code
export const unknown: ErrorCode = 'stock-full';`,
};

describe('a system in a folder of its own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-own-'));
    await mkdir(join(folder, 'node_modules'));
    await mkdir(join(folder, 'migrations'));
    for (const [name, target] of [
      ['ashlar', 'packages/ashlar'],
      ['zod', 'node_modules/zod'],
      ['@types', 'node_modules/@types'],
    ] as const)
      await symlink(join(repository, target), join(folder, 'node_modules', name));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    expect(await ashlar('migrate', 'new', 'initial')).toMatchObject({ code: 0 });
    expect(await ashlar('up', '--no-prove')).toMatchObject({ code: 0 });
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = async (program: string, args: readonly string[], env: NodeJS.Dict<string> = {}) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } };
    try {
      return { code: 0, ...(await execute(process.execPath, [program, ...args], options)) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  };
  const main = join(repository, 'packages/ashlar/bin/ashlar.js');
  const ashlar = (...args: string[]) => run(main, args);
  const json = async (...args: string[]) => {
    const { code, stdout } = await ashlar(...args, '--json');
    return { code, document: JSON.parse(stdout) as unknown };
  };

  test('is listed by help, and its commands explain themselves', async () => {
    const { stdout: root } = await ashlar('--help');
    expect(root).toMatch(/^Systems of this configuration:\n {2}shop +commands of the system shop$/m);
    expect(root).toMatch(/^Records:\n {2}audit /m);
    const { stdout: shop } = await ashlar('shop', '--help');
    expect(shop).toMatch(/add \[options\] <name> \[labels\.\.\.\] +put an item on the shelf/);
    expect(shop).toMatch(/low-stock \[options\] +list the items that must be ordered/);
    const help = (await ashlar('shop', 'low-stock', '--help')).stdout.replaceAll(/\s+/g, ' ');
    expect(help).toContain('An item must be ordered when less than a minimum is in stock.');
    expect(help).toContain('--below <n> the minimum; LOW_STOCK by default');
    expect(help).toContain('--order-by <name|stock> the order of the list (default: name)');
    expect(help).toContain('LOW_STOCK the minimum of every item (default: 10)');
    expect(help).toContain('--json print one JSON document');
  });

  test('runs its commands: arguments, options, defaults, its own settings', async () => {
    expect(await ashlar('shop', 'add', 'apple', 'red', 'sweet', '--count', '3')).toMatchObject({
      code: 0,
      stdout: 'added 3 apple #red #sweet\n',
    });
    expect(await json('shop', 'add', 'pear', '--count', '12')).toEqual({
      code: 0,
      document: { name: 'pear', count: 12, labels: [] },
    });
    // what prints nothing is shown as a table
    expect((await ashlar('shop', 'low-stock')).stdout).toBe('name   stock\napple      3\n');
    expect(await json('shop', 'low-stock', '--below', '100', '--order-by', 'stock')).toEqual({
      code: 0,
      document: [
        { name: 'apple', stock: 3 },
        { name: 'pear', stock: 12 },
      ],
    });
    await writeFile(join(folder, '.env'), 'LOW_STOCK=2\n');
    expect(await json('shop', 'low-stock')).toEqual({ code: 0, document: [] });
    await rm(join(folder, '.env'));
    const wrong = await run(main, ['shop', 'low-stock'], { LOW_STOCK: 'some' });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('LOW_STOCK is not a number.') });
  });

  test.each([
    [['shop', 'low-stock', '--below', 'few'], '--below: Invalid input: expected number, received string.'],
    [['shop', 'low-stock', '--below', '-1'], '--below: Too small'],
    [['shop', 'low-stock', '--order-by', 'price'], '--order-by: Invalid option'],
    [['shop', 'add'], "Missing required argument 'name'"],
    [['shop', 'low-stock', '--above', '1'], "Unknown option '--above'"],
    [['shop', 'low-stock', '--password=hunter2'], "Unknown option '--password'."],
    [['shop', 'sell'], "Unknown command 'sell'"],
    [['store'], "Unknown command 'store'"],
  ])('answers wrong usage with exit 2: %j', async (args, message) => {
    expect(await json(...args)).toMatchObject({
      code: 2,
      document: { error: { code: 'usage', message: expect.stringContaining(message) } },
    });
  });

  test.each([
    [['status'], '--password=hunter2'],
    [[], '--password=hunter2'],
    [['shop'], "--it's=hunter2"],
    [['shop', 'low-stock'], '--belo=x\nhunter2'],
    [['shop', 'low-stock'], "--json=x'=\nhunter2"],
    [['shop', 'low-stock'], '-p=hunter2'],
  ])('does not repeat the value of an unknown option: %j %j', async (args, option) => {
    const { code, stdout, stderr } = await ashlar(...args, option);
    expect(code).toBe(2);
    expect(stderr).toContain(`error Unknown option '${option.slice(0, option.indexOf('='))}'.`);
    expect(stdout + stderr).not.toContain('hunter2');
  });

  test('can return a bigint, a Set and a Map: text and JSON show the same', async () => {
    expect(await json('shop', 'count', 'bigint')).toEqual({
      code: 0,
      document: { total: '18446744073709551616', items: [{ name: 'apple', stock: '3' }] },
    });
    expect(await ashlar('shop', 'count', 'bigint')).toMatchObject({
      code: 0,
      stdout: 'total  18446744073709551616\nitems:\nname   stock\napple      3\n',
    });
    expect(await json('shop', 'count', 'set')).toEqual({ code: 0, document: { names: ['apple', '1'] } });
    expect((await ashlar('shop', 'count', 'set')).stdout).toBe('names  ["apple","1"]\n');
    const { stdout } = await ashlar('shop', 'count', 'map', '--json');
    expect(stdout.replaceAll(/\s+/g, '')).toBe('{"apple":{"7":"3"},"__proto__":1}');
    expect((await ashlar('shop', 'count', 'map')).stdout).toBe('apple      {"7":"3"}\n__proto__  1\n');
  });

  test.each([
    ['circle', 'Converting circular structure to JSON'],
    ['object-keys', 'a Map has a key that is not a text or a number'],
    ['function', 'a function has no JSON form'],
  ])('cannot return what has no JSON form, with or without --json: %s', async (kind, reason) => {
    const message = `The command shop count ended, but the document that it returned is not plain data: ${reason}`;
    for (const args of [['--print'], []])
      expect(await ashlar('shop', 'count', kind, ...args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(message),
      });
    expect(await json('shop', 'count', kind)).toMatchObject({
      code: 1,
      document: { error: { code: 'unexpected', message: expect.stringContaining(message) } },
    });
  });

  test('ends with its own error codes and their exit status', async () => {
    expect(await ashlar('shop', 'take')).toMatchObject({
      code: 1,
      stderr: 'error No apples are left.\n→ Order some.\n',
    });
    expect(await json('shop', 'take', '--locked')).toMatchObject({
      code: 3,
      document: { error: { code: 'shelf-locked', message: 'No apples are left.' } },
    });
  });

  test('has its codes in the typed union, as a user of the built package sees it', async () => {
    const manifest = await readFile(join(repository, 'node_modules/typescript/package.json'), 'utf8');
    const { bin } = JSON.parse(manifest) as { bin: { tsc: string } };
    const tsc = join(repository, 'node_modules/typescript', bin.tsc);
    expect(await run(tsc, ['-p', 'tsconfig.json'])).toMatchObject({ code: 0, stdout: '' });
    await writeFile(
      join(folder, 'wrong.ts'),
      "import type { ErrorCode } from 'ashlar';\nimport './errors.js';\nexport const code: ErrorCode = 'stock-full';\n",
    );
    const refused = await run(tsc, ['-p', 'tsconfig.json']);
    await rm(join(folder, 'wrong.ts'));
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toMatch(/wrong\.ts.*"stock-full"/);
  });

  test('does not cost other commands its configuration', async () => {
    const config = join(folder, 'ashlar.config.ts');
    const text = await readFile(config, 'utf8');
    await writeFile(config, 'throw new Error("loaded");');
    try {
      expect(await ashlar('key', 'new', '--out', 'new.key')).toMatchObject({ code: 0, stderr: '' });
      expect(await ashlar('status', '--help')).toMatchObject({ code: 0, stderr: '' });
      // the root's help says why it cannot list systems
      const help = await ashlar('--help');
      expect(help).toMatchObject({ code: 0 });
      expect(help.stdout).toContain('The commands of systems are not listed: Invalid configuration file.');
      expect(await json('shop', 'take')).toMatchObject({
        code: 2,
        document: { error: { code: 'config-invalid', detail: 'loaded' } },
      });
    } finally {
      await writeFile(config, text);
    }
  });

  test('cannot have the name of a command of Ashlar', async () => {
    await writeFile(
      join(folder, 'audit.config.ts'),
      "import { system } from 'ashlar';\nimport { shop } from './shop.js';\nexport default { systems: [system('audit', { tables: {}, migrations: shop.migrations, commands: shop.commands })] };\n",
    );
    expect(await json('status', '--config', 'audit.config.ts')).toMatchObject({
      code: 2,
      document: {
        error: {
          code: 'config-invalid',
          detail: expect.stringContaining('has the same name as a command of Ashlar'),
        },
      },
    });
  });

  test('cannot have the name of another system of the configuration', async () => {
    await writeFile(
      join(folder, 'twice.config.ts'),
      "import { system } from 'ashlar';\nimport { shop } from './shop.js';\nexport default { systems: [shop, system('shop', { tables: {}, migrations: shop.migrations })] };\n",
    );
    for (const command of [['status'], ['shop', 'low-stock']])
      expect(await json(...command, '--config', 'twice.config.ts')).toMatchObject({
        code: 2,
        document: {
          error: { code: 'config-invalid', detail: 'systems.1 has the same name as systems.0: shop.' },
        },
      });
    await writeFile(join(folder, 'null.config.json'), '{ "systems": [null, null] }');
    expect(await json('status', '--config', 'null.config.json')).toMatchObject({
      code: 2,
      document: { error: { code: 'config-invalid', detail: expect.stringContaining('is not a system') } },
    });
  });
});
