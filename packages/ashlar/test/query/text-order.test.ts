import { id, json, type Session, table } from 'ashlar';
import type { Expression, ExpressionBuilder } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asAdmin, engines, type TestEngine } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const words = table('words', {
  id: id(),
  number: z.int(),
  word: z.string(),
  other: z.string().nullable(),
  data: json(z.json()),
});
const tables = { words };
type S = Session<typeof tables>;
type Eb = ExpressionBuilder<Record<string, Record<string, unknown>>, string>;

// ICU's order is a, B, Ä, z; that of the code points is B, a, z, Ä
const given = ['a', 'B', 'z', 'Ä', '-a', 'D', 'c', '_'];

/** A database on a server whose own order of text is not that of the code points. */
const withLocale: TestEngine = {
  name: 'postgres',
  place: async () => {
    const [own] = engines.filter(({ name }) => name === 'postgres');
    if (!own) throw new TypeError('There is no server.');
    const place = await own.place();
    const url = new URL(place.url);
    const name = `${url.pathname.slice(1)}_de`;
    await asAdmin(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'`,
    );
    url.pathname = `/${name}`;
    return {
      url: url.href,
      remove: async () => {
        await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
        await place.remove();
      },
    };
  },
};

const part = (eb: Eb) => eb.ref('data' as never, '->>').key('k' as never) as unknown as Expression<string>;

/** Expressions of text; some take the order of a column, and some that of the database, if nothing gives them another. */
const expressions: Readonly<Record<string, (eb: Eb) => unknown>> = {
  'a part of JSON': (eb) => part(eb),
  'a CASE of literals': (eb) => {
    let cases = eb.case().when('number', '=', 0).then(given[0]);
    for (const [at, word] of given.entries())
      if (at > 0) cases = cases.when('number', '=', at).then(word) as never;
    return cases.else('').end();
  },
  'a cast of JSON': (eb) => eb.cast(eb.ref('data' as never, '->').key('k' as never), 'text'),
  'parts joined': (eb) => eb(part(eb), '||', eb.cast<string>('number', 'text') as never),
  'concat of parts': (eb) => eb.fn('concat', [part(eb), eb.val('x')]),
  'lower of a part': (eb) => eb.fn('lower', [part(eb)]),
  'the first that is not NULL': (eb) => eb.fn.coalesce('other', part(eb)),
  'a column': (eb) => eb.ref('word'),
  'upper of a column': (eb) => eb.fn('upper', ['word']),
};

const all = [...engines, withLocale].map((place, at) => ({
  place,
  name: at < engines.length ? place.name : 'postgres with the locale de',
}));

describe.each(all)('text that is computed, on $name', ({ place }) => {
  let held: Awaited<ReturnType<typeof withTables<typeof tables>>>;
  beforeAll(async () => {
    held = await withTables(place, tables);
    await held.db.session((s) =>
      s.insertMany(
        words,
        given.map((word, number) => ({ number, word, other: null, data: { k: word } })),
      ),
    );
  });
  afterAll(() => held?.remove());

  const inOrder = (texts: readonly unknown[]): unknown[] =>
    [...texts].sort((one, other) => Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other))));

  test.each(Object.keys(expressions))('has the order of its code points: %s', async (name) => {
    const of = expressions[name] as (eb: unknown) => never;
    const { db } = held;
    const select = (s: { query: S['query'] }) =>
      s.query.selectFrom('words').select((eb) => (of(eb) as { as(name: 'x'): never }).as('x'));
    const answers = await db.read(async (s) => ({
      alias: await select(s)
        .orderBy('x' as never)
        .execute(),
      distinct: await select(s)
        .distinct()
        .orderBy('x' as never)
        .execute(),
      expression: await select(s)
        .orderBy((eb) => of(eb))
        .execute(),
      grouped: await select(s)
        .groupBy('x' as never)
        .orderBy('x' as never)
        .execute(),
      union: await select(s)
        .union(select(s) as never)
        .orderBy('x' as never)
        .execute(),
      'a derived table': await s.query
        .selectFrom(select(s).as('d') as never)
        .select('d.x' as never)
        .orderBy('d.x' as never)
        .execute(),
      'a common table expression': await (s.query as never as { with: (...a: unknown[]) => S['query'] })
        .with('d', () => select(s))
        .selectFrom('d' as never)
        .select('x' as never)
        .orderBy('x' as never)
        .execute(),
    }));
    // PostgreSQL sees two parameters as two expressions
    if (!/literals|concat/.test(name))
      Object.assign(answers, {
        'distinct by the expression': await db.read((s) =>
          select(s)
            .distinct()
            .orderBy((eb) => of(eb))
            .execute(),
        ),
      });
    for (const [kind, rows] of Object.entries(answers)) {
      const texts = (rows as unknown as { x: unknown }[]).map(({ x }) => x);
      expect([kind, texts.length]).toEqual([kind, given.length]);
      expect([kind, texts]).toEqual([kind, inOrder(texts)]);
    }
  });
});
