import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Runs `drizzle-kit push`, which compares the database with the schema and changes it.
 *
 * @param has - what the schema has: `policy`, `column`
 * @returns what it printed
 */
export async function drizzlePush(url: string, ...has: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [here('../../node_modules/drizzle-kit/bin.cjs'), 'push', '--config', here('drizzle/drizzle.config.ts'), '--force'],
    { cwd: here('.'), env: { ...process.env, TOOL_URL: url, TOOL_SCHEMA: has.join(' ') } },
  );
  return stdout;
}

interface PushResult {
  readonly executedSteps: number;
  readonly unexecutable: readonly string[];
  readonly warnings: readonly string[];
}

interface SchemaEngine {
  schemaPush(input: {
    readonly force: boolean;
    readonly schema: { readonly files: readonly { readonly path: string; readonly content: string }[] };
    readonly filters: { readonly externalTables: readonly string[]; readonly externalEnums: readonly string[] };
  }): Promise<PushResult>;
  free(): void;
}

interface EngineModule {
  readonly SchemaEngine: Record<
    'new',
    (options: object, log: (text: string) => void, adapter: object) => Promise<SchemaEngine>
  >;
  __wbg_set_wasm(exports: object): void;
}

interface Wasm {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ readonly instance: { readonly exports: Readonly<Record<string, (() => void) | undefined>> } }>;
}

// the types of Node 20 lack it
const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

let loaded: Promise<EngineModule> | undefined;

/** Prisma's schema engine, which `prisma db push` and `prisma migrate` run; as a program it would have to be downloaded. */
const engineModule = (): Promise<EngineModule> => {
  loaded ??= (async () => {
    const name = '@prisma/schema-engine-wasm/schema_engine_bg';
    const engine = (await import(name)) as EngineModule;
    const path = createRequire(import.meta.url).resolve(name).replace(/\.js$/, '.wasm');
    const { instance } = await wasm.instantiate(await readFile(path), { './schema_engine_bg.js': engine });
    engine.__wbg_set_wasm(instance.exports);
    instance.exports.__wbindgen_start?.();
    return engine;
  })();
  return loaded;
};

interface Queryable {
  queryRaw(query: never): Promise<{ readonly columnTypes: readonly number[] }>;
}

const withText = <Q extends Queryable>(queryable: Q): Q => {
  const query = queryable.queryRaw.bind(queryable);
  queryable.queryRaw = async (text) => {
    const answer = await query(text);
    const { Character, Text } = ColumnTypeEnum;
    return { ...answer, columnTypes: answer.columnTypes.map((type) => (type === Character ? Text : type)) };
  };
  return queryable;
};

/** The engine reads no empty value of the type "char", which the catalogue has: as a text it does. */
const withEmptyChars = (factory: PrismaPg): PrismaPg => {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connection = withText(await connect());
    const begin = connection.startTransaction.bind(connection);
    connection.startTransaction = async (level) => withText(await begin(level));
    return connection;
  };
  return factory;
};

/**
 * Does what `prisma db push` does.
 *
 * @param change - changes the text of prisma/schema.prisma
 */
export async function prismaPush(
  url: string,
  change: (schema: string) => string = (schema) => schema,
): Promise<PushResult> {
  const { hostname: host, port, username: user, password, pathname } = new URL(url);
  const adapter = new PrismaPg({ host, port: Number(port), user, password, database: pathname.slice(1) });
  const path = here('prisma/schema.prisma');
  const files = [{ path, content: change(await readFile(path, 'utf8')) }];
  const engine = await (await engineModule()).SchemaEngine.new(
    { datamodels: files.map((file) => [file.path, file.content]) },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(withEmptyChars(adapter)),
  );
  try {
    return await engine.schemaPush({
      force: true,
      schema: { files },
      filters: { externalTables: [], externalEnums: [] },
    });
  } finally {
    engine.free();
  }
}
