import { createRequire } from 'node:module';
import { autoincrement, Database, fullText, id, system, type Table, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { newStep, up } from 'ashlar/migrations';
import { matches } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asAdmin, engines, server, withRoles } from '../../../../test/support/engines.js';
import { foldedLetters, longestWord, wordRanges, wordsIn } from '../../src/sql/words.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const notes = table('notes', { id: autoincrement(), body: z.string() }, (c) => [
  fullText({ columns: [c.body] }),
]) as unknown as Table;
const pages = table(
  'pages',
  { id: id(), number: z.int(), title: z.string().nullable(), body: z.string() },
  (c) => [fullText({ columns: [c.title, c.body] })],
) as unknown as Table;

const long = 'w'.repeat(longestWord);
const texts = [
  'Café au lait',
  'CAFÉ',
  'École Zürich',
  'Straße',
  'STRASSE',
  'STRAẞE',
  'Привет МИР',
  'ΟΔΟΣ',
  'οδος',
  'ΌΔΟΣ',
  'İstanbul',
  'ISTANBUL ıstanbul',
  'naïve',
  'nai\u0308ve',
  'NAI\u0308VE',
  'Việt Nam',
  'Vie\u0323\u0302t',
  '日本 語',
  '日本語',
  '中a1',
  'ひらがな カタカナ',
  '한국어',
  '한국어'.normalize('NFD'),
  'foo_bar',
  "o'neil",
  '10.5',
  '1e5 0x1F 2026-11-27',
  'x-ray',
  'a@b.org',
  '½ cup',
  '①',
  '٣ १२',
  'Ⅻ',
  '𝒜lpha',
  '𐐀𐐁',
  'हिन्दी',
  'ไทย',
  'don’t',
  'C++',
  'ﬁn',
  'x²',
  'ªº',
  'ǅ',
  'tab\tsep',
  'new\nline',
  '',
  ' ',
  '😀smile',
  '\ufeffmark',
  'soft\u00adhyphen',
  'שָׁלוֹם',
  'ſtop',
  'µm',
  '\u212bngstr\u00f6m 5\u212a',
  'ῶν',
  'ω\u0342ν',
  `${long}abc`,
  long,
  `${long.slice(1)}`,
  'ａｂｃ',
]; // prettier-ignore
const searches = [
  ...texts,
  ...texts.map((text) => text.normalize('NFD')),
  ...texts.map((text) => text.toUpperCase()),
  ...texts.map((text) => text.toLowerCase()),
  'cafe',
  'ecole',
  'strasse',
  'neil',
  '10',
  '5',
  'ray',
  'b',
  'cup',
  '1',
  '3',
  'alpha',
  'fin',
  'x2',
  'nai',
  'lai',
  'sep line',
  'org a',
  'мир привет',
  `${long}xyz`,
]; // prettier-ignore

/** Whether a text has the words of a search, by the rule of `sql/words.ts` alone. */
const isFound = (text: string, search: string, prefix: boolean): boolean => {
  const cut = (word: string): string => [...word].slice(0, longestWord).join('');
  const has = wordsIn(text).map(cut);
  const all = wordsIn(search.normalize('NFC'));
  return (
    all.length > 0 &&
    all.every((word, at) =>
      [word, word.normalize('NFD')].some((form) => {
        const parts = wordsIn(form).map(cut);
        return parts.every((part, place) =>
          prefix && at === all.length - 1 && place === parts.length - 1
            ? has.some((other) => other.startsWith(part))
            : has.includes(part),
        );
      }),
    )
  );
};

let folder: Folder;
const shop = () => system('shop', { tables: { notes, pages }, migrations: folder.url });
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(shop(), folder.url, 'initial');
}, 60_000);
afterAll(() => folder.remove());

/** Compares every search with what the rule says, and returns those that differ. */
const differing = async (engine: Engine): Promise<string[]> => {
  await up(engine, shop());
  const db = new Database(engine, shop(), {});
  await db.session(async (s) => {
    await s.insertMany(notes as never, texts.map((body) => ({ body })) as never);
    await s.insertMany(
      pages as never,
      texts.map((body, at) => ({
        number: at + 1,
        title: at % 2 ? body : null,
        body: at % 2 ? '' : body,
      })) as never,
    );
  });
  const wrong: string[] = [];
  await db.read(async (s) => {
    for (const search of new Set(searches))
      for (const prefix of [false, true]) {
        const wanted = texts.flatMap((text, at) => (isFound(text, search, prefix) ? [at + 1] : []));
        const query = s.query as never as {
          selectFrom(name: string): {
            select(column: string): {
              where(condition: unknown): {
                orderBy(column: string): { execute(): Promise<Record<string, number>[]> };
              };
            };
          };
        };
        for (const [of, key] of [
          [notes, 'id'],
          [pages, 'number'],
        ] as const) {
          const rows = await query
            .selectFrom(of.name)
            .select(key)
            .where(matches(of as never, search, { prefix }))
            .orderBy(key)
            .execute();
          const found = rows.map((row) => row[key]);
          if (JSON.stringify(found) !== JSON.stringify(wanted))
            wrong.push(`${of.name} ${search}${prefix ? '*' : ''}: ${found} instead of ${wanted}`);
        }
      }
  });
  return wrong;
};

describe.each(engines)('words on $name', (kind) => {
  test('are found alike, of every script, in every case, composed or not', async () => {
    const place = await kind.place();
    const engine = await openEngine({ url: place.url, key: place.key });
    try {
      expect(await differing(engine)).toEqual([]);
    } finally {
      await engine.close();
      await place.remove();
    }
  }, 60_000);
});

describe.each(server)('words on $name', () => {
  test.each([
    ["LOCALE 'C'"],
    ["LOCALE 'C.UTF-8'"],
    ["LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"],
    ["LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C'"],
  ])(
    'are those of every other engine in a database with %s',
    async (locale) => {
      const name = `words_${locale.replaceAll(/\W/g, '').toLowerCase()}`;
      await asAdmin(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' ${locale}`);
      const { url, remove } = await (server[0] as (typeof server)[number]).place();
      const own = new URL(url);
      own.pathname = `/${name}`;
      const engine = await openEngine({ url: own.href });
      try {
        expect(await differing(engine)).toEqual([]);
      } finally {
        await engine.close();
        await asAdmin(`DROP DATABASE ${name}`);
        await remove();
      }
    },
    60_000,
  );
});

const everyCodePoint = function* (): Generator<number> {
  for (let code = 1; code <= 0x10ffff; code++) if (code < 0xd800 || code > 0xdfff) yield code;
};

describe('the tables of letters', () => {
  test('are those of the tokenizer of SQLite, for every code point', () => {
    const load = createRequire(new URL('../../package.json', import.meta.url));
    const db = new (
      load('better-sqlite3-multiple-ciphers') as new (
        path: string,
      ) => import('better-sqlite3').Database
    )(':memory:');
    db.exec("CREATE VIRTUAL TABLE t USING fts5(a, tokenize = 'unicode61 remove_diacritics 0')");
    db.exec('CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)');
    const insert = db.prepare('INSERT INTO t (rowid, a) VALUES (?, ?)');
    db.transaction(() => {
      for (const code of everyCodePoint()) insert.run(code, `x${String.fromCodePoint(code)}y`);
    })();
    const wrong: string[] = [];
    const seen = new Set<number>();
    for (const { doc, term } of db
      .prepare("SELECT doc, term FROM v WHERE term LIKE 'x_y'")
      .iterate() as Iterable<{ doc: number; term: string }>) {
      seen.add(doc);
      const [own] = wordsIn(`x${String.fromCodePoint(doc)}y`);
      if (own !== term) wrong.push(`${doc.toString(16)}: ${own} instead of ${term}`);
    }
    for (const code of everyCodePoint())
      if (!seen.has(code) && wordsIn(`x${String.fromCodePoint(code)}y`).length === 1)
        wrong.push(`${code.toString(16)} is no letter`);
    db.close();
    expect(wrong).toEqual([]);
    expect(wordRanges.length).toBeGreaterThan(400);
    for (const letter of foldedLetters.values()) expect(foldedLetters.has(letter)).toBe(false);
  }, 60_000);

  test.each(withRoles.map((kind) => [kind.name, kind] as const))(
    'are those of the function on %s',
    async (_, kind) => {
      const place = await kind.place();
      const engine = await openEngine({ url: place.url });
      try {
        await up(engine, shop());
        const rows = await engine.asOwner((owner) =>
          owner.run(
            `SELECT n::int AS code, array_to_string(tsvector_to_array(ashlar_words('x' || chr(n) || 'y')), ' ') AS words
           FROM generate_series(1, 1114111) AS n WHERE n NOT BETWEEN 55296 AND 57343
             AND (n < 132000 OR n % 97 = 0)`,
          ),
        );
        expect(
          rows.flatMap(({ code, words }) => {
            const own = [...wordsIn(`x${String.fromCodePoint(Number(code))}y`)].join(' ');
            return own === words ? [] : [`${Number(code).toString(16)}: ${words} instead of ${own}`];
          }),
        ).toEqual([]);
        expect(rows.length).toBeGreaterThan(130_000);
      } finally {
        await engine.close();
        await place.remove();
      }
    },
    120_000,
  );
});
