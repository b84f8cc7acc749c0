import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { System } from 'ashlar';
import { type AdoptReport, adopt } from 'ashlar/adopt';
import { type Engine, openEngine, type SqlName } from 'ashlar/extend';
import { adoptStep, drift, newStep, stamp, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach, type Place, sqlOf } from '../../../../test/support/engines.js';
import { type ThirdParty, thirdParties } from './third-party.js';

const { engines } = oneOfEach(import.meta.url);

const here = fileURLToPath(new URL('.', import.meta.url));

/** Declares the guarantees as a person does: in the file of tables. */
const guarded = (text: string, dialect: SqlName, { audited, appendOnly }: ThirdParty): string => {
  const within = (source: string, variable: string, item: string): string => {
    const from = source.indexOf(`export const ${variable} = table(`);
    const to = source.indexOf('\n);\n', from);
    const body = source.slice(from, to);
    const changed = body.includes('(c) => [\n')
      ? body.replace('(c) => [\n', `(c) => [\n    ${item},\n`)
      : `${body}\n  () => [${item}],`;
    expect(from).toBeGreaterThan(0);
    return source.slice(0, from) + changed + source.slice(to);
  };
  const recorded = audited[dialect];
  const growing = within(text, appendOnly, 'appendOnly()');
  if (recorded === undefined)
    return growing.replace(
      "from 'ashlar';\n",
      "from 'ashlar';\nimport { appendOnly } from 'ashlar/guarantees';\n",
    );
  const declared = within(growing, recorded, 'audited({ into: changeTrail })');
  const [first] = /export const \w+ = table\(/.exec(declared) ?? [''];
  return declared
    .replace(first, `export const changeTrail = auditTrail('change_trail');\n\n${first}`)
    .replace(
      "from 'ashlar';\n",
      "from 'ashlar';\nimport { appendOnly, audited, auditTrail } from 'ashlar/guarantees';\n",
    )
    .replace(/tables: \{ /, 'tables: { changeTrail, ');
};

describe.each(engines)('a schema of another program on $name', (kind) => {
  const dialect = sqlOf(kind);
  let place: Place;
  let engine: Engine;
  let folder: string;
  beforeEach(async () => {
    place = await kind.place();
    engine = await openEngine({ url: place.url, key: place.key });
    folder = await mkdtemp(join(here, 'adopted', 'run-'));
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
    await rm(folder, { recursive: true, force: true });
  });

  // as other programs connect to SQLite; Ashlar's connections run triggers recursively, and check foreign keys
  const run = (sql: string) =>
    engine.asOwner(async (owner) => {
      const settings = ['recursive_triggers', 'foreign_keys'];
      if (dialect === 'sqlite') for (const name of settings) await owner.script(`PRAGMA ${name} = OFF`);
      await owner.script(sql);
      if (dialect === 'sqlite') for (const name of settings) await owner.script(`PRAGMA ${name} = ON`);
    });
  const read = (queries: readonly string[]) =>
    engine.asOwner(async (owner) => {
      const rows: unknown[] = [];
      for (const query of queries) rows.push(await owner.run(query));
      return rows;
    });
  const systemIn = async (file: string): Promise<System> => {
    const module = (await import(/* @vite-ignore */ file)) as Record<string, System>;
    const found = Object.values(module).find((each) => 'migrations' in each);
    if (!found) throw new Error(`${file} exports no system`);
    return found;
  };

  /** What the report says, without the names of what is kept. */
  const figures = ({ tables, columns, kept, unseen }: AdoptReport): string =>
    [
      `tables   ${tables.filter(({ declared }) => declared).length} of ${tables.length}`,
      `columns  ${columns.filter(({ as }) => as !== null).length} of ${columns.length}`,
      `kept     ${kept.length}`,
      ...tables.flatMap(({ name, reason }) => (reason === null ? [] : [`${name}: ${reason}`])),
      ...columns.flatMap(({ table, column, reason }) =>
        reason === null ? [] : [`${table}.${column}: ${reason}`],
      ),
      ...unseen.map(({ type, name }) => `unseen   ${type} ${name}`),
    ].join('\n');

  test.each(thirdParties.filter((each) => each.engines.includes(dialect)))(
    'is taken over with its queries, and gets guarantees: $name',
    async (program) => {
      const { name } = program;
      const reads = program.reads[dialect] ?? [];
      await run(await readFile(join(here, 'schemas', `${name}.${dialect}.sql`), 'utf8'));
      const before = await read(reads);
      // another program goes on writing
      const { files, report } = await adopt(engine, { name: `${name}_kept`, keepValues: true });
      await expect(`${figures(report)}\n`).toMatchFileSnapshot(
        join(here, 'adopted', `${name}-${dialect}.txt`),
      );
      for (const { path, text } of files) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
      const tables = files.find(({ path }) => path === 'tables.ts')?.text ?? '';
      await expect(tables).toMatchFileSnapshot(join(here, 'adopted', `${name}-${dialect}-kept`, 'tables.ts'));
      const plain = await systemIn(join(folder, 'tables.ts'));
      expect(await stamp(engine, plain, 'head')).toEqual(['0001_baseline']);
      const { found, step } = await adoptStep(engine, plain, plain.migrations, 'form', {
        engines: [dialect],
        zone: 'UTC',
      });
      expect(found).toBeUndefined();
      expect(step?.marks).toEqual([]);
      const { unseenViews = [] } = program;
      if (unseenViews.length > 0) {
        // a person drops what no step has, and makes it again
        await expect(up(engine, plain)).rejects.toMatchObject({ code: 'migration-failed' });
        const views = await read(
          unseenViews.map((view) => `SELECT pg_get_viewdef('${view}'::regclass) AS definition`),
        );
        for (const view of unseenViews) await run(`DROP VIEW ${view}`);
        await up(engine, plain);
        for (const [at, [row]] of (views as [{ definition: string }][]).entries())
          await run(`CREATE VIEW ${unseenViews[at]} AS ${row.definition}`);
      } else await up(engine, plain);
      expect(await drift(engine, plain)).toEqual([]);
      expect(await read(reads)).toEqual(before);
      const accepted = unseenViews.map((view) => `{ object: 'view ${view}', reason: 'Pagila reads by it' }`);
      const declared = guarded(tables, dialect, program);
      await writeFile(
        join(folder, 'guarded.ts'),
        accepted.length === 0
          ? declared
          : declared.replace('\n  tables: {', `\n  accepts: [${accepted.join(', ')}],\n  tables: {`),
      );
      const shop = await systemIn(join(folder, 'guarded.ts'));
      await newStep(shop, shop.migrations, 'guarantees', { engines: [dialect] });
      await up(engine, shop);
      expect(await drift(engine, shop)).toEqual([]);
      const proof = await prove(engine, shop);
      expect(failuresOf(proof)).toEqual([]);
      expect(proof.ok).toBe(true);
      expect(await read(reads)).toEqual(before);
      for (const statement of program.writes[dialect] ?? []) await run(statement);
    },
    240_000,
  );
});
