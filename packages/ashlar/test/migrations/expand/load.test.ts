import { Database, id, type System, system, type Table, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { type BatchProgress, drift, newExpansion, newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place, sqlOf } from '../../../../../test/support/engines.js';
import { freshRoles, makeUser, type User } from '../../../../../test/support/users.js';
import { type Folder, makeFolder } from '../folder.js';
import { underLoad } from './live.js';

const { engines } = oneOfEach(import.meta.url);

const base = { id: id(), writes: z.int().default(0) };
const text = z.string().max(40);

interface Case {
  readonly before: () => Table;
  readonly after: () => Table;
  readonly options: object;
  /** The column of each version, and what it writes. */
  readonly old: readonly [column: string, value: (n: number) => unknown];
  readonly young: readonly [column: string, value: (n: number) => unknown];
}

const cases: Readonly<Record<string, Case>> = {
  'NOT NULL': {
    before: () => table('articles', { ...base, kind: text.nullable() }),
    after: () => table('articles', { ...base, kind: text }),
    options: { fills: { 'articles.kind': "'none'" } },
    old: ['kind', (n) => (n % 2 === 0 ? null : `old ${n}`)],
    young: ['kind', (n) => `new ${n}`],
  },
  rename: {
    before: () => table('articles', { ...base, title: text }),
    after: () => table('articles', { ...base, headline: text }),
    options: { renames: { articles: { headline: 'title' } } },
    old: ['title', (n) => `old ${n}`],
    young: ['headline', (n) => `new ${n}`],
  },
  retype: {
    before: () => table('articles', { ...base, size: z.string() }),
    after: () => table('articles', { ...base, length: z.int() }),
    options: { renames: { articles: { length: 'size' } } },
    old: ['size', (n) => String(n)],
    young: ['length', (n) => n],
  },
  split: {
    before: () => table('articles', { ...base, name: text }),
    after: () => table('articles', { ...base, first: text, last: text }),
    options: {
      fills: {
        'articles.first': "substr(name, 1, coalesce(nullif(position(' ' IN name), 0) - 1, length(name)))",
        'articles.last': "substr(name, coalesce(nullif(position(' ' IN name), 0), length(name)) + 1)",
      },
      backs: { 'articles.name': "first || CASE WHEN last = '' THEN '' ELSE ' ' || last END" },
    },
    old: ['name', (n) => (n % 3 === 0 ? 'Cher' : `Ann B${n}`)],
    young: ['first', (n) => `Zoe${n}`],
  },
};

describe.each(engines)('changes of a live table on $name', (kind) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  let user: User | undefined;
  const dialect = sqlOf(kind);
  const isServer = kind.name === 'postgres';
  // PGlite has one connection, in this process: its sessions wait until `up` has ended
  const [rows, perSecond] = kind.name === 'pglite' ? [2000, 20] : [20_000, 200];

  beforeEach(async () => {
    place = await kind.place();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url, key: place.key });
    user = isServer ? await makeUser('app') : undefined;
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
    await user?.drop();
    await folder.remove();
  });

  const systemOf = (one: Table): System =>
    system('shop', { tables: { articles: one }, migrations: folder.url });

  const fillTable = (column: string, value: (n: number) => unknown): Promise<unknown> =>
    engine.asOwner((owner) =>
      owner.atomically(async () => {
        const given = value(2);
        const literal = given === null ? 'NULL' : `'${given}'`;
        await owner.script(
          `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
           INSERT INTO articles (id, ${column})
           SELECT ${dialect === 'sqlite' ? "substr('018f0000-0000-7000-8000-' || printf('%012d', i), 1)" : "('018f0000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid"}, ${literal} FROM n`,
        );
      }),
    );

  test.each(Object.entries(cases))(
    `%s: no session of either version fails under ${perSecond} sessions per second`,
    async (name, { before, after, options, old, young }) => {
      const values =
        dialect === 'sqlite' && name === 'split'
          ? JSON.parse(JSON.stringify(options).replaceAll("position(' ' IN name)", "instr(name, ' ')"))
          : options;
      const [was, is] = [systemOf(before()), systemOf(after())];
      const roles = { ...freshRoles(), ...(user ? { app: user.name } : {}) };
      await newStep(was, folder.url, 'initial', { engines: [dialect] });
      await up(engine, was, { roles });
      await fillTable(...old);
      await newExpansion(is, folder.url, 'change', { engines: [dialect], ...values });

      const url = user ? user.at(place) : place.url;
      const [first, second] =
        kind.name === 'pglite'
          ? [engine, engine]
          : await Promise.all([1, 2].map(() => openEngine({ url, key: place.key })));
      if (!first || !second) throw new Error('no engine');
      const clock = { actor: 'user:1' };
      const [older, newer] = [new Database(first, was, {}), new Database(second, is, {})];
      const session =
        (db: Database<System['tables']>, one: Table, [column, value]: Case['old'], extra: object) =>
        async (n: number): Promise<void> => {
          const row = { [column]: value(n), ...extra };
          await db.session(clock, async (s) => {
            const made = await s.insert(one as never, row as never);
            const key = (made as { id: string }).id;
            await s.update(one as never, key as never, { writes: n } as never);
            if (n % 4 === 0) {
              // rows that the fill comes by
              const hot = `018f0000-0000-7000-8000-${String((n * 37) % rows || 1).padStart(12, '0')}`;
              await s.update(one as never, hot as never, { ...row, writes: n } as never);
            }
          });
        };
      const oldSession = session(older, was.tables.articles as Table, old, {});
      const newSession = session(
        newer,
        is.tables.articles as Table,
        young,
        name === 'split' ? { last: 'Last' } : {},
      );
      const seen: BatchProgress[] = [];
      const report: string[] = [];
      const phase = async (
        what: string,
        sessions: readonly ((n: number) => Promise<void>)[],
        work: () => Promise<unknown>,
      ): Promise<void> => {
        const load = underLoad(perSecond, sessions);
        const began = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 300));
        await work();
        await new Promise((resolve) => setTimeout(resolve, 300));
        await load.stop();
        report.push(
          `${what}: ${load.sessions} sessions in ${Math.round(performance.now() - began)} ms, longest ${load.longest} ms`,
        );
        expect(load.failures.slice(0, 3)).toEqual([]);
      };
      const run = (contract: boolean) =>
        up(engine, is, { roles, contract, onBatch: (progress) => seen.push(progress) });
      await phase('expand and fill, older version', [oldSession], () => run(false));
      await phase('both versions', [oldSession, newSession], async () => undefined);
      await phase('contract, newer version', [newSession], () => run(true));
      // biome-ignore lint/suspicious/noConsole: the longest wait is what the test is about
      console.info(`${kind.name} · ${name} · ${report.join(' · ')}`);

      expect(seen.at(-1)?.done).toBeGreaterThanOrEqual(rows * 0.9);
      expect(await drift(engine, is)).toEqual([]);
      const [left] = await engine.asOwner((owner) =>
        owner.run(`SELECT count(*) AS n FROM articles WHERE ${young[0]} IS NULL`),
      );
      expect(Number(left?.n)).toBe(0);
      if (kind.name !== 'pglite') {
        await first.close();
        await second.close();
      }
    },
    120_000,
  );
});
