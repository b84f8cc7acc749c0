import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { appendOnly, encrypted, keyring, ledgered } from '../../src/guarantees/index.js';
import type { Missing } from '../../src/migrations/decisions.js';
import { checkMigrations, type NewStepOptions, newStep } from '../../src/migrations/index.js';
import { ciphertext, id, renamedTable, type Table, table } from '../../src/model/index.js';
import { system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const write = async (tables: readonly unknown[], options: NewStepOptions = {}) => {
  const migrations = new URL('migrations/', folder.url);
  const declared = Object.fromEntries((tables as Table[]).map((each) => [each.name, each]));
  const shop = system('shop', { tables: declared, migrations });
  const step = await newStep(shop, migrations, 'step', options);
  const sql = async (dialect: string) => readFile(join(step?.folder ?? '', `up.${dialect}.sql`), 'utf8');
  return { shop, step, sql };
};

const asked = (answers: Readonly<Record<string, string>> = {}) => {
  const questions: Missing[] = [];
  return {
    questions,
    decide: async (missing: Missing) => {
      questions.push(missing);
      return answers[missing.column === undefined ? missing.table : `${missing.table}.${missing.column}`];
    },
  };
};

const notes = table('notes', { id: id(), body: z.string(), size: z.int(), state: z.string() });
const tags = table('tags', { id: id(), label: z.string(), color: z.string() });
const other = table('other', { id: id(), flag: z.boolean() });

const fewer = table('notes', { id: id(), content: z.string() });
const labels = table('labels', { id: id(), label: z.string(), color: z.string() });

describe('a missing table or column', () => {
  test('is an error without an answer, which lists every question and its options at once', async () => {
    await write([notes, tags, other]);
    await expect(write([fewer, labels])).rejects.toMatchObject({
      code: 'migration-ambiguous',
      message: expect.stringMatching(/^5 tables or columns are missing/),
      detail: expect.stringMatching(
        /The table tags is missing and labels is new[\s\S]*The table other is missing: dropping it loses its rows[\s\S]*notes.body is missing and content is new[\s\S]*notes.size is missing: dropping it loses its values[\s\S]*notes.state/,
      ),
      suggestion: expect.stringMatching(
        /--rename-table tags:labels or --drop-table tags; --drop-table other; --rename notes.body:content or --drop notes.body; --drop notes.size; --rename notes.state:content or --drop notes.state/,
      ),
    });
  });

  test('is answered by options, each by its own', async () => {
    await write([notes, tags, other]);
    const answers = {
      renames: { notes: { content: 'body' } },
      tableRenames: { labels: 'tags' },
      drops: ['other', 'notes.size', 'notes.state'],
    };
    for (const left of answers.drops) {
      const drops = answers.drops.filter((name) => name !== left);
      await expect(write([fewer, labels], { ...answers, drops })).rejects.toMatchObject({
        code: 'migration-ambiguous',
        suggestion: expect.stringContaining(`${left.includes('.') ? '--drop' : '--drop-table'} ${left}.`),
      });
    }
    const { shop, sql } = await write([fewer, labels], answers);
    for (const dialect of ['sqlite', 'postgres'] as const) {
      expect(await sql(dialect)).toContain('ALTER TABLE tags RENAME TO labels');
      expect(await sql(dialect)).toContain('DROP TABLE other');
      await checkMigrations(shop, dialect);
    }
    expect(await sql('postgres')).toContain('RENAME COLUMN body TO content');
  });

  test('is asked about, one by one, where a person can answer', async () => {
    await write([notes, tags, other]);
    const { decide, questions } = asked({ tags: 'labels', 'notes.body': 'content' });
    const { shop } = await write([fewer, labels], { decide });
    expect(questions).toEqual([
      { table: 'tags', column: undefined, candidates: [{ name: 'labels', differs: undefined }] },
      { table: 'other', column: undefined, candidates: [] },
      { table: 'notes', column: 'body', candidates: [{ name: 'content', differs: undefined }] },
      { table: 'notes', column: 'size', candidates: [] },
      { table: 'notes', column: 'state', candidates: [] },
    ]);
    for (const dialect of ['sqlite', 'postgres'] as const) await checkMigrations(shop, dialect);
  });

  test('that an enum may replace is asked about with the difference of their values', async () => {
    await write([notes]);
    const chosen = table('notes', {
      id: id(),
      body: z.string(),
      size: z.int(),
      status: z.enum(['open', 'closed']),
    });
    const { decide, questions } = asked();
    await write([chosen], { decide });
    expect(questions).toEqual([
      {
        table: 'notes',
        column: 'state',
        candidates: [
          {
            name: 'status',
            differs: expect.stringMatching(/value IN \('open', 'closed'\).* instead of no rule/),
          },
        ],
      },
    ]);
  });

  test('with the same rules under another name differs in nothing', async () => {
    const stateOf = (name: string) =>
      table('notes', { id: id(), [name]: z.enum(['open', 'closed']), size: z.int().min(1) });
    await write([stateOf('state')]);
    const { decide, questions } = asked({ 'notes.state': 'status' });
    await write([stateOf('status')], { decide });
    expect(questions).toEqual([
      { table: 'notes', column: 'state', candidates: [{ name: 'status', differs: undefined }] },
    ]);
  });

  test('that the tables declare to be renamed is not asked about', async () => {
    await write([tags]);
    const declared = table('labels', { id: id(), label: z.string(), color: z.string() }, () => [
      renamedTable('tags'),
    ]);
    const { sql, shop } = await write([declared]);
    expect(await sql('sqlite')).toContain('ALTER TABLE tags RENAME TO labels');
    for (const dialect of ['sqlite', 'postgres'] as const) await checkMigrations(shop, dialect);
    // once written, the declaration has no further effect
    expect((await write([declared])).step).toBeUndefined();
  });

  test.each<[string, NewStepOptions]>([
    ['a table that is not missing', { drops: ['notes'] }],
    ['a column that is not missing', { drops: ['notes.body'] }],
    ['a rename of a table that is not missing', { tableRenames: { labels: 'notes' } }],
    ['a rename to a table that is not new', { tableRenames: { notes: 'tags' } }],
    ['a rename of a column that is not missing', { renames: { notes: { body: 'size' } } }],
  ])('cannot be %s', async (_, options) => {
    await write([notes, tags]);
    await expect(write([notes, labels], { decide: async () => undefined, ...options })).rejects.toMatchObject(
      {
        code: 'usage',
      },
    );
  });
});

describe('a table whose values are bound to its name', () => {
  const keys = keyring('data_keys');
  const secrets = (name: string, column: string, bound?: object) =>
    table(name, { id: id(), client_id: z.uuid(), [column]: ciphertext(z.string()) }, (c) => [
      encrypted({ scope: c.client_id as never, keys, ...(bound && { bound }) }),
    ]);
  const log = (name: string, as?: string) =>
    table(name, { id: id(), body: z.string() }, () => [
      appendOnly(),
      ledgered(as === undefined ? {} : { log: as }),
    ]);

  test.each<[string, readonly unknown[], readonly unknown[], NewStepOptions, readonly unknown[]]>([
    [
      'ledger',
      [log('old_log')],
      [log('new_log')],
      { tableRenames: { new_log: 'old_log' } },
      [log('new_log', 'old_log')],
    ],
    [
      'encrypted table',
      [keys, secrets('old_secrets', 'body')],
      [keys, secrets('new_secrets', 'body')],
      { tableRenames: { new_secrets: 'old_secrets' } },
      [keys, secrets('new_secrets', 'body', { table: 'old_secrets' })],
    ],
    [
      'encrypted column',
      [keys, secrets('secrets', 'body')],
      [keys, secrets('secrets', 'content')],
      { renames: { secrets: { content: 'body' } } },
      [keys, secrets('secrets', 'content', { columns: { content: 'body' } })],
    ],
  ])('is renamed only with its former name declared: %s', async (_, before, renamed, options, declared) => {
    await write(before);
    await expect(write(renamed, options)).rejects.toMatchObject({
      code: 'migration-invalid',
      suggestion: expect.stringMatching(/'(old_log|old_secrets|body)'/),
    });
    expect((await write(declared, options)).step?.name).toBe('0002_step');
  });
});
