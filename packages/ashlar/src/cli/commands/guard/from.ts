import { join } from 'node:path';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { openEngine } from '../../../engines/open.js';
import { AshlarError, isAshlarError } from '../../../errors.js';
import { loadModule } from '../../../files/load-module.js';
import { findTables } from '../../../guard/describe.js';
import { type GuardRequest, readRequest } from '../../../guard/request.js';
import { writeGuard } from '../../../guard/write-guard.js';
import { assertUnobstructed } from '../../../migrations/guard-place.js';
import { newStep } from '../../../migrations/new-step.js';
import type { System } from '../../../system/system.js';
import type { Answer } from '../../command.js';
import { assertToolEngine, readTool, type Tool, toDo } from '../../guard-tool.js';
import { configuredIn } from '../../init/drafts.js';
import { writingOf } from '../../init/language.js';
import { Manifest, readIfThere } from '../../init/manifest.js';
import { Changes } from '../../init/undo.js';
import type { Invocation } from '../../invocation.js';
import { nameFromUrl } from '../../name-from-url.js';

/** The options of `ashlar guard --from`. */
export interface FromOptions {
  readonly from?: string;
  readonly dir?: string;
  readonly name?: string;
}

/** `ashlar guard --from TOOL TABLE:GUARANTEE,…`: writes a guard on tables that another tool owns. Changes no database. */
export async function runFrom(
  invocation: Invocation,
  { from, dir = 'src/guard', name: given }: FromOptions,
  ...asked: string[]
): Promise<Answer> {
  const { directory } = invocation.streams;
  if (from === undefined)
    throw new AshlarError('usage', {
      message: 'Nothing says where the tables are.',
      suggestion:
        'Write ashlar guard --from database, drizzle, prisma or kysely, then the tables: orders:audited,scoped=org_id. For a guard that is there: ashlar guard up, ashlar guard check.',
    });
  const requests = asked.map(readRequest);
  const tool = await readTool(directory, from);
  const target = await targetOf(invocation, tool);
  const name = given ?? nameFromUrl(target.url, 'guarded');
  const engine = await openEngine({ ...target, guards: undefined, create: false, onlyReads: true });
  try {
    assertToolEngine(tool, engine.dialect.name);
    return await written(invocation, { engine, tool, requests, name, dir });
  } finally {
    await engine.close();
  }
}

/** The database: as for every command, else what the variable of the tool names. */
const targetOf = async (invocation: Invocation, { orm }: Tool): Promise<OpenOptions> => {
  try {
    return await invocation.target('owner');
  } catch (error) {
    const url = orm?.variable === undefined ? undefined : invocation.environment()[orm.variable];
    if (url === undefined || !(error instanceof AshlarError) || error.code !== 'usage') throw error;
    return invocation.targetAt(url);
  }
};

interface Request {
  readonly engine: Engine;
  readonly tool: Tool;
  readonly requests: readonly GuardRequest[];
  readonly name: string;
  readonly dir: string;
}

const written = async (
  invocation: Invocation,
  { engine, tool, requests, name, dir }: Request,
): Promise<Answer> => {
  const { out, streams } = invocation;
  const { directory } = streams;
  const found = await findTables(engine, requests);
  const writing = await writingOf(directory, await Manifest.read(directory), undefined);
  const { files, variable, answers } = writeGuard({ ...found, name, requests, imported: writing.imported });
  const drafts = files.map(({ path, text }) => ({
    path: join(dir, path.replace(/ts$/, writing.extension)),
    text: writing.usesTypes ? text : text.replace('/// <reference types="node" />\n', ''),
  }));
  const configured = await configuredIn(directory);
  const from = `import { ${variable} } from './${join(dir, 'guard').replaceAll('\\', '/')}.${writing.imported}';`;
  if (!configured)
    drafts.push({
      path: `ashlar.config.${writing.extension}`,
      text: `import { defineConfig } from 'ashlar/config';\n${from}\n\nexport default defineConfig({ systems: [${variable}], engines: ['${engine.dialect.name}'] });\n`,
    });
  await assertNew(directory, [...drafts.map(({ path }) => path), join(dir, 'migrations')]);
  const changes = new Changes();
  let step: string | undefined;
  let own: readonly string[];
  try {
    for (const { path, text } of drafts) await changes.create(join(directory, path), text);
    const guard = await guardIn(join(directory, dir, `guard.${writing.extension}`), variable);
    own = guard.guards?.ownTables ?? [];
    await engine.asOwner((owner) => assertUnobstructed(engine, owner, guard));
    await changes.filled(join(directory, dir, 'migrations'));
    step = (await newStep(guard, guard.migrations, 'guard', { engines: [engine.dialect.name] }))?.name;
  } catch (error) {
    await changes.undo();
    throw error;
  }
  const lines = await toDo(directory, tool, requests, {
    dialect: engine.dialect.name,
    ownTables: [...engine.dialect.foundation.map((object) => object.name), 'ashlar_migrations', ...own],
  });
  const paths = [
    ...drafts.map(({ path }) => path),
    ...(step === undefined ? [] : [join(dir, 'migrations', step)]),
  ];
  const native = found.tables.flatMap((table) =>
    table.columns.flatMap(({ name: column, type }) =>
      type.as === 'native' ? [{ table: table.name, column, type: type.type }] : [],
    ),
  );
  const absent = (tool.orm?.tables ?? []).filter((each) => !found.names.includes(each));
  const declared = found.tables.map((table) => table.name);
  out.line(
    `read      ${found.names.length} tables${found.schema === undefined ? '' : ` of the schema ${found.schema}`}`,
  );
  for (const path of paths) out.line(`written   ${path}`);
  out.line(`declared  ${declared.length} tables, ${native.length} columns by a type of the database`);
  if (absent.length > 0)
    out.line(`absent    ${absent.join(', ')}: in the files of the tool, and not in the database`);
  for (const answer of answers) out.line(`answer    ${join(dir, `guard.${writing.extension}`)}: ${answer}`);
  if (configured) out.line(`to do     ${configured.file}: ${from} and ${variable} in its systems`);
  for (const line of lines) out.line(`to do     ${line}`);
  out.line('next      ashlar guard up    puts the guarantees on the tables');
  return {
    document: {
      guard: name,
      schema: found.schema ?? null,
      files: paths,
      tables: declared,
      native,
      absent,
      answers,
      to_do: lines,
    },
  };
};

/** @throws AshlarError `init-conflict` */
const assertNew = async (directory: string, paths: readonly string[]): Promise<void> => {
  const there: string[] = [];
  for (const path of paths) {
    const text = await readIfThere(join(directory, path)).catch(() => '');
    if (text !== undefined) there.push(path);
  }
  if (there.length === 0) return;
  throw new AshlarError('init-conflict', {
    message: `${there.join(', ')} exist${there.length > 1 ? '' : 's'} already. Nothing was written.`,
    detail: 'ashlar guard never overwrites a file.',
    suggestion:
      'Add the table to the guard that is there, and write a step: ashlar migrate new NAME. Or choose another folder: --dir FOLDER.',
  });
};

const guardIn = async (path: string, variable: string): Promise<System> => {
  try {
    return (await loadModule(path, { isNew: true }))[variable] as System;
  } catch (error) {
    // the project may have a copy of its own
    if (isAshlarError(error)) throw error;
    throw new AshlarError('config-invalid', {
      message: 'The written guard cannot be loaded, so nothing was kept.',
      detail: error instanceof Error ? error.message : String(error),
      suggestion: 'Install the packages of the project first: npm install ashlar zod.',
      cause: error,
    });
  }
};
