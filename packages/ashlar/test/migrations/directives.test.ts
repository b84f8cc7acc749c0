import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SqlName } from '../../src/contract/sql.js';
import { readDirectives } from '../../src/migrations/directives.js';
import { readChecksums, readSteps } from '../../src/migrations/steps.js';
import { type Folder, makeFolder } from './folder.js';

const dialects: readonly SqlName[] = ['sqlite', 'postgres'];
const names = ['irreversible', 'contract', 'no-transaction', 'rebuild', 'batches'] as const;

const nothing = { mode: 'transaction', irreversible: false, contract: false, omits: [] };
const meaning = {
  irreversible: { ...nothing, irreversible: true },
  contract: { ...nothing, contract: true },
  'no-transaction': { ...nothing, mode: 'no-transaction' },
  rebuild: { ...nothing, mode: 'rebuild' },
  batches: { ...nothing, mode: 'batches' },
};

const dialect = fc.constantFrom(...dialects);
const name = fc.constantFrom(...names);
const newline = fc.constantFrom('\n', '\r\n');
const indent = fc.stringMatching(/^[ \t]{0,4}$/);

/** The same text with letters of random case. */
const anyCase = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) => [...text].map((letter, at) => (upper[at] ? letter.toUpperCase() : letter)).join(''));

/** A comment that contains a text, in every form that a comment has. */
const commentOf = (text: string): fc.Arbitrary<string> =>
  fc.tuple(indent, indent, newline, fc.nat(5)).map(([before, inside, end, kind]) => {
    const forms = [
      `${before}--${inside}${text}${inside}${end}`,
      `${before}---- ${text}${end}`,
      `${before}/*${inside}${text}${inside}*/${end}`,
      `${before}/**${end}${before} *${inside}${text}${end}${before} */${end}`,
      `${before}/*${end}${inside}${text}${end}*/ `,
      `${before}-- what the step does${end}${before}/* why */ --${text}${end}`,
    ];
    return forms[kind] ?? '';
  });

const leading = fc
  .array(fc.constantFrom('\n', '\r\n', '  \t', '-- 0001_initial\n', '/* two\n lines */', '--\n', ';\n'), {
    maxLength: 4,
  })
  .map((parts) => parts.join(''));

/** A text with one to `most` letters inserted, deleted or replaced. */
const edited = (text: string, most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.nat(2), fc.nat(text.length - 1), fc.constantFrom(...'abcxyz')), {
      minLength: 1,
      maxLength: most,
    })
    .map((edits) =>
      edits.reduce((now, [kind, at, letter]) => {
        if (kind === 0) return now.slice(0, at) + letter + now.slice(at);
        return now.slice(0, at) + (kind === 1 ? '' : letter) + now.slice(at + 1);
      }, text),
    );

const read = (text: string, of: SqlName) => readDirectives(text, of, 'up.sql of step 0001_a');

describe('a directive', () => {
  test('is obeyed in any comment before the first statement, in any case', () => {
    const file = name.chain((word) =>
      fc.tuple(fc.constant(word), leading, anyCase(`ashlar: ${word}`).chain(commentOf), leading, newline),
    );
    fc.assert(
      fc.property(file, dialect, ([word, before, comment, after, end], of) => {
        expect(read(`${before}${comment}${after}CREATE TABLE a (b);${end}`, of)).toEqual(meaning[word]);
      }),
      { numRuns: 500 },
    );
  });

  test('is refused after the beginning of the first statement, with its line', () => {
    const file = fc.tuple(
      name.chain((word) => anyCase(`ashlar: ${word}`)),
      fc.constantFrom(
        (comment: string) => `SELECT 1;\n${comment}`,
        (comment: string) => `SELECT 1 ${comment}, 2;`,
        (comment: string) => `CREATE TABLE a (\n  b INTEGER, ${comment}\n  c INTEGER);`,
      ),
    );
    fc.assert(
      fc.property(file, dialect, ([words, place], of) => {
        for (const comment of [`-- ${words}\n`, `/* ${words} */`]) {
          const text = place(comment);
          const line = text.slice(0, text.indexOf(words)).split('\n').length;
          expect(() => read(text, of)).toThrow(
            expect.objectContaining({
              code: 'migration-invalid',
              message: expect.stringMatching(new RegExp(`^Line ${line} of up.sql of step 0001_a `)),
            }),
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('that is misspelt is obeyed or refused, never passed over', () => {
    const misspelt = name.chain((word) =>
      fc.tuple(
        fc.oneof(fc.constant('ashlar'), edited('ashlar', 2)),
        fc.constantFrom(': ', ':', ' ', ' : ', ' = ', '-', '_', '; ', '：'),
        fc.oneof(fc.constant(word as string), edited(word, 2)),
      ),
    );
    fc.assert(
      fc.property(misspelt, dialect, fc.boolean(), ([first, mark, last], of, block) => {
        const words = `${first}${mark}${last}`;
        const text = block ? `/* ${words} */ SELECT 1;` : `-- ${words}\nSELECT 1;`;
        try {
          expect(read(text, of)).not.toEqual(nothing);
        } catch (error) {
          expect(error).toMatchObject({ code: 'migration-invalid' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    'ashlar: quickly',
    'ashlar:',
    'ashlar: rebuild, irreversible',
    'ashlar: rebuild the table',
    'ashlar rebuild',
    'ashlr: rebuild',
    'Ashlar - no transaction',
    'ashlar: rebuild\n-- ashlar: no-transaction',
  ])('is refused: %s', (words) => {
    for (const of of dialects) {
      expect(() => read(`-- ${words}\nSELECT 1;`, of)).toThrow(
        expect.objectContaining({ code: 'migration-invalid' }),
      );
    }
  });

  test.each([
    'ashlar rebuilds the table below',
    'ashlar_session is read by the trigger',
    'rebuild',
    'solar: the panels of the roof',
    'see ashlar: rebuild in the documentation',
    'clauses: drop column ashlar (its values are lost)',
  ])('is not seen in: %s', (words) => {
    for (const of of dialects) expect(read(`-- ${words}\nSELECT 1;\n-- ${words}`, of)).toEqual(nothing);
  });

  test.each([
    [
      'makes table notes, index Notes_x, trigger "Notes".on_it',
      { makes: ['table notes', 'index notes_x', 'trigger "Notes".on_it'] },
    ],
    ['keeps index mine', { keeps: ['index mine'] }],
    [
      'renames table a to b, column b.x to b.y',
      {
        renames: new Map([
          ['table a', 'table b'],
          ['column b.x', 'column b.y'],
        ]),
      },
    ],
    ['makes nothing', {}],
  ])('says who made what: %s', (words, said) => {
    const ownership = { makes: [], keeps: [], renames: new Map(), ...said };
    for (const of of dialects) {
      for (const text of [
        `-- ashlar: ${words}\n`,
        `/* Ashlar : ${words} */`,
        `-- ${of}\n  --ASHLAR:${words}\n`,
      ])
        expect(read(`${text}SELECT 1;`, of)).toEqual({ ...nothing, ownership });
    }
  });

  test('says what is missing, so that no step is read before it is filled in', async () => {
    const text = '-- ashlar: fill Orders.at: which zone?\n/* ASHLAR: fill a.b: and this? */\nSELECT 1;';
    for (const of of dialects)
      expect(read(text, of).fills).toEqual([
        'line 1: fill Orders.at: which zone?',
        'line 2: fill a.b: and this?',
      ]);
    const folder = await makeFolder();
    try {
      await folder.step('0001_form', text);
      await expect(readSteps(folder.path, 'sqlite')).rejects.toMatchObject({
        code: 'migration-unfilled',
        message: expect.stringContaining('up.sqlite.sql of step 0001_form'),
        detail: expect.stringContaining('line 2: fill a.b'),
      });
      await folder.step('0001_form', 'SELECT 1;', text);
      await expect(readSteps(folder.path, 'sqlite')).rejects.toMatchObject({
        message: expect.stringContaining('down.sqlite.sql'),
      });
    } finally {
      await folder.remove();
    }
  });

  test.each(['ashlar fill a.b: zone?', 'ashlr: fill a.b: zone?', 'ashlar: fil a.b', 'ashlar: fill'])(
    'about what is missing is refused: %s',
    (words) => {
      const invalid = expect.objectContaining({ code: 'migration-invalid' });
      for (const of of dialects) {
        expect(() => read(`-- ${words}\nSELECT 1;`, of)).toThrow(invalid);
        expect(() => read(`SELECT 1;\n-- ashlar: fill a.b`, of)).toThrow(invalid);
      }
    },
  );

  test.each([
    'ashlar: makes',
    'ashlar: makes notes',
    'ashlar: renames table a',
    'ashlar: renames table a to',
    'ashlar: mkaes index a',
    'ashlar: keep index a',
    'ashlr: makes index a',
    'ashlar makes index a',
    'asslar; keeps view a',
    'ashlar - renames table a to b',
  ])('about objects is refused: %s', (words) => {
    const invalid = expect.objectContaining({ code: 'migration-invalid' });
    for (const of of dialects) expect(() => read(`-- ${words}\nSELECT 1;`, of)).toThrow(invalid);
  });

  test.each(['makes', 'keeps', 'renames'])(
    'about objects is refused after the first statement: %s',
    (verb) => {
      const invalid = expect.objectContaining({ code: 'migration-invalid' });
      for (const of of dialects)
        expect(() => read(`SELECT 1;\n-- ashlar: ${verb} index a to b`, of)).toThrow(invalid);
    },
  );

  test.each(['Ashlar makes the rows below', 'ashlar keeps what a person made', 'ashlar renames nothing'])(
    'about objects is not seen in: %s',
    (words) => {
      for (const of of dialects) expect(read(`-- ${words}\nSELECT 1;`, of)).toEqual(nothing);
    },
  );

  test('is not seen in a string or a quoted name', () => {
    for (const of of dialects) {
      expect(read(`SELECT '\n-- ashlar: rebuild\n' AS "/* ashlar: rebuild */";`, of)).toEqual(nothing);
    }
  });
});

describe('a step file', () => {
  let folder: Folder;
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => folder.remove());

  test('with a byte order mark has its directives, its statements and the checksum of the file as it is', async () => {
    await folder.step('0001_plain', '-- ashlar: rebuild\nSELECT 1;');
    await folder.step('0002_marked', '\uFEFF-- ashlar: rebuild\r\nSELECT 1;');
    for (const of of dialects) {
      const [plain, marked] = await readSteps(folder.url, of);
      expect([plain?.up.mode, marked?.up.mode]).toEqual(['rebuild', 'rebuild']);
      expect(marked?.up).toMatchObject({ statements: [{ sql: expect.stringMatching(/^-- ashlar/) }] });
      // SHA-256 of the text with the mark and with LF, as every released version has recorded it
      expect(marked?.checksum).toBe('81026f0f408766c495f9439a2bbbc871f916769b5d2c3f79afdc62d8fe52da16');
      expect(plain?.checksum).not.toBe(marked?.checksum);
      expect([...readChecksums(folder.url, of).values()]).toEqual([plain?.checksum, marked?.checksum]);
    }
  });

  test('with a NUL character is refused: no engine reads past it', async () => {
    await folder.step('0001_wide', Buffer.from('SELECT 1;', 'utf16le').toString('latin1'));
    await expect(readSteps(folder.url, 'sqlite')).rejects.toMatchObject({ code: 'migration-invalid' });
  });

  test('is named with the line of a refused directive', async () => {
    await folder.step('0001_a', 'SELECT 1;', '-- undoes it\n-- ashlr: irreversible\n');
    await expect(readSteps(folder.url, 'sqlite')).rejects.toMatchObject({
      code: 'migration-invalid',
      message: expect.stringContaining('Line 2 of down.sqlite.sql of step 0001_a'),
    });
  });
});
