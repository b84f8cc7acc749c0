import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Adoption, adopt } from '../../adopt/adopt.js';
import type { AdoptReport } from '../../adopt/report.js';
import type { ScannedTable } from '../../adopt/scan.js';
import { systemVariableIn } from '../../adopt/write-system.js';
import type { SqlName } from '../../contract/sql.js';
import { openEngine } from '../../engines/open.js';
import { AshlarError } from '../../errors.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { configuredIn, type Draft } from '../init/drafts.js';
import { writingOf } from '../init/language.js';
import { Manifest, readIfThere } from '../init/manifest.js';
import { Changes } from '../init/undo.js';
import type { Invocation } from '../invocation.js';
import { nameFromUrl } from '../name-from-url.js';

interface Options {
  readonly dir?: string;
  readonly name?: string;
  readonly tables?: string;
  readonly scan?: boolean;
  readonly scanRows?: string;
  readonly keepValues?: boolean;
}

/** `ashlar adopt SOURCE`: declares the tables of a database of another program, with a first step that makes it as it is. */
export function adoptCommand(commands: Commands): Command {
  return commands
    .make<Options>('adopt', summaries.adopt.description, run)
    .argument(
      '[source]',
      'the file or the URL of the database; it is only read (default: that of the settings)',
    )
    .option('--dir <folder>', 'the folder of the tables and the migrations (default: src/db)')
    .option('--name <system>', 'the name of the system (default: that of the file or database)')
    .option('--tables <names>', 'the tables to take over, separated by commas (default: all)')
    .option('--scan-rows <number>', 'the most rows of each table whose values are read (default: 100000)')
    .option('--no-scan', 'declare the columns by their types, without reading values')
    .option(
      '--keep-values',
      'for a program that goes on writing: declare what leaves stored values as they are',
    );
}

const run = async (invocation: Invocation, options: Options, source?: string): Promise<Answer> => {
  const { out, streams } = invocation;
  const target =
    source === undefined ? await invocation.target('owner') : await invocation.targetAt(urlOf(source));
  const name = options.name ?? nameFromUrl(target.url, 'adopted');
  // a guard of the project leaves the tables where they are
  const engine = await openEngine({ ...target, guards: undefined, create: false, onlyReads: true });
  let adoption: Adoption;
  let dialect: SqlName;
  try {
    dialect = engine.dialect.name;
    adoption = await adopt(engine, {
      name,
      tables: options.tables?.split(',').map((each) => each.trim()),
      scan: options.scan,
      scanRows: rowsIn(options.scanRows),
      keepValues: options.keepValues,
      onScan: (tables) => noteScan(invocation, tables),
    });
  } finally {
    await engine.close();
  }
  const folder = options.dir ?? 'src/db';
  const { drafts, lines } = await draftsOf(invocation, { adoption, folder, dialect, url: target.url });
  await write(streams.directory, drafts);
  printAdoption(invocation, adoption.report, drafts);
  for (const line of lines) out.note(line);
  // the config has no URL that could have a password
  const isFile = target.url.startsWith('sqlite:');
  if (!isFile)
    out.line(
      'next      set DATABASE_URL to this database, with its ?schema= if it has one, before the commands below',
    );
  out.line(
    `${isFile ? 'next' : '    '}      ashlar migrate stamp head    records the first step: the database is not changed otherwise`,
  );
  out.line(
    '          ashlar migrate adopt form    writes the step that gives the tables their declared form',
  );
  out.line('          ashlar up');
  return { document: { system: name, files: drafts.map(({ path }) => path), ...adoption.report } };
};

const rowsIn = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new AshlarError('usage', {
    message: `Invalid value of --scan-rows: ${text}.`,
    suggestion: 'Write a number of rows: --scan-rows 100000. To read none: --no-scan.',
  });
};

const noteScan = ({ out }: Invocation, tables: readonly ScannedTable[]): void => {
  const rows = tables.reduce((sum, each) => sum + each.rows, 0);
  const parts = tables.filter(({ isPart }) => isPart).map(({ name }) => name);
  const first = parts.length > 0 ? `; of ${parts.join(', ')} only the first rows` : '';
  out.note(
    `reading the values of about ${rows.toLocaleString('en')} rows in ${tables.length} tables${first}`,
  );
};

// a path is a plain file; an encrypted one is given by its URL
const urlOf = (source: string): string => (/^[a-z]{2,}:/.test(source) ? source : `sqlite:${source}`);

interface Drafts {
  readonly drafts: readonly Draft[];
  /** What a person adds to a configuration that is there. */
  readonly lines: readonly string[];
}

const draftsOf = async (
  { streams: { directory } }: Invocation,
  given: {
    readonly adoption: Adoption;
    readonly folder: string;
    readonly dialect: SqlName;
    readonly url: string;
  },
): Promise<Drafts> => {
  const { adoption, folder, dialect, url } = given;
  const writing = await writingOf(directory, await Manifest.read(directory), undefined);
  const drafts = adoption.files.map(({ path, text }) => ({
    path: join(folder, path.replace(/^tables\.ts$/, `tables.${writing.extension}`)),
    text: writing.usesTypes ? text : text.replace('/// <reference types="node" />\n', ''),
  }));
  const variable = systemVariableIn(adoption.files[0]?.text ?? '');
  const from = `import { ${variable} } from './${join(folder, 'tables').replaceAll('\\', '/')}.${writing.imported}';`;
  const configured = await configuredIn(directory);
  if (configured)
    return { drafts, lines: [`Add to ${configured.file}: ${from} and ${variable} in its systems.`] };
  const path = /^sqlite:(.+)$/.exec(url)?.[1];
  const place =
    path === undefined
      ? ''
      : `, url: 'sqlite:${relative(directory, resolve(directory, path)).replaceAll('\\', '/')}'`;
  const config = `import { defineConfig } from 'ashlar/config';
${from}

export default defineConfig({ systems: [${variable}], engines: ['${dialect}']${place} });
`;
  return { drafts: [...drafts, { path: `ashlar.config.${writing.extension}`, text: config }], lines: [] };
};

/** @throws AshlarError `init-conflict` */
const write = async (directory: string, drafts: readonly Draft[]): Promise<void> => {
  const there: string[] = [];
  for (const { path } of drafts)
    if ((await readIfThere(join(directory, path))) !== undefined) there.push(path);
  if (there.length > 0) {
    throw new AshlarError('init-conflict', {
      message: `${there.join(', ')} exist${there.length > 1 ? '' : 's'} already. Nothing was written.`,
      detail: 'ashlar adopt never overwrites a file.',
      suggestion: 'Choose another folder: ashlar adopt --dir FOLDER.',
    });
  }
  const changes = new Changes();
  try {
    for (const { path, text } of drafts) await changes.create(join(directory, path), text);
  } catch (error) {
    await changes.undo();
    throw error;
  }
};

const printAdoption = ({ out }: Invocation, report: AdoptReport, drafts: readonly Draft[]): void => {
  const { tables, columns, kept, unseen, leftOut } = report;
  const declared = tables.filter((table) => table.declared);
  const left = leftOut.length > 0 ? `; left out: ${leftOut.join(', ')}` : '';
  out.line(`read      ${tables.length} tables${left}`);
  for (const { path } of drafts) out.line(`written   ${path}`);
  out.line('checked   the first step makes exactly this database');
  const inForm = columns.filter(({ as }) => as !== null).length;
  out.line(`declared  ${declared.length} tables, ${inForm} columns`);
  if (kept.length > 0) out.line(`kept      ${kept.length} objects as they are, undeclared`);
  for (const { table, column, as, byValues } of columns)
    if (byValues && as !== null) out.line(`values    ${table}.${column}: ${as}, by what it stores`);
  for (const { table, column, mark } of columns) if (mark) out.line(`answer    ${table}.${column}: ${mark}`);
  for (const { name, reason } of tables) if (reason) out.line(`cannot    ${name}: ${reason}`);
  for (const { table, column, reason } of columns)
    if (reason) out.line(`cannot    ${table}.${column}: ${reason}`);
  for (const { type, name } of unseen) out.line(`unseen    ${type} ${name}: not in the step`);
};
