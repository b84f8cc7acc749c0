import {
  autoincrement,
  connect,
  type Database,
  everyScope,
  isAshlarError,
  primaryKey,
  system,
  table,
} from 'ashlar';
import { scoped } from 'ashlar/guarantees';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { isThorough } from '../../../../test/support/thorough.js';
import { chancesFrom, type Scope, ScopedQueries } from './scoped-queries.js';
import { openScopedFixture } from './scoped-setup.js';

const { engines } = oneOfEach(import.meta.url);

const shapes = {
  notes: {
    id: z.string().max(200),
    client_id: z.uuid(),
    title: z.string(),
    body: z.string().nullable(),
    num: z.int(),
  },
  tasks: {
    id: z.string().max(200),
    owner: z.string(),
    note_id: z.string().nullable(),
    label: z.string(),
    size: z.int(),
  },
  tags: { id: z.string().max(200), name: z.string(), weight: z.int() },
};

const scopedTables = {
  notes: table('notes', shapes.notes, (c) => [primaryKey(c.id), scoped(c.client_id)]),
  tasks: table('tasks', shapes.tasks, (c) => [primaryKey(c.id), scoped(c.owner)]),
  tags: table('tags', shapes.tags, (c) => [primaryKey(c.id)]),
  // a session reads only tables of its system
  touched: table('touched', { id: autoincrement(), scope: z.string() }),
};
const plainTables = {
  notes: table('notes', shapes.notes, (c) => [primaryKey(c.id)]),
  tasks: table('tasks', shapes.tasks, (c) => [primaryKey(c.id)]),
  tags: scopedTables.tags,
  touched: scopedTables.touched,
};

const scopes: readonly [Scope, Scope, Scope] = [
  { id: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', marker: 'ANN' },
  { id: 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb', marker: 'BOB' },
  { id: 'cccccccc-cccc-4ccc-8ccc-cccccccccccc', marker: 'CAT' },
];
const [ann] = scopes;

// every column of a row contains the marker or id of its scope
const rowsOf = ({ id, marker }: Scope, at: number) =>
  Array.from({ length: 6 }, (_, n) => ({
    note: {
      id: `${marker}-n${n}`,
      client_id: id,
      title: `${marker} title ${n}`,
      body: n % 2 ? `${marker} body ${n}` : null,
      num: (at + 1) * 1_000_000 + (n % 3),
    },
    task: {
      id: `${marker}-t${n}`,
      owner: id,
      note_id: n % 3 ? `${marker}-n${n - 1}` : null,
      label: `${marker} label ${n}`,
      size: (at + 1) * 1_000_000 + n,
    },
  }));

const fill = async (db: Database<typeof plainTables>, filled: readonly Scope[]): Promise<void> => {
  await db.session({ scope: everyScope }, async (s) => {
    for (const scope of filled) {
      for (const { note, task } of rowsOf(scope, scopes.indexOf(scope))) {
        await s.insert(plainTables.notes, note);
        await s.insert(plainTables.tasks, task);
      }
    }
    for (let n = 0; n < 4; n++)
      await s.insert(plainTables.tags, { id: `g${n}`, name: `common ${n}`, weight: n });
  });
};

// triggers record the scope of each written row, also of rows that the session cannot see
const watching = (engine: TestEngine): readonly string[] => {
  const kinds = [
    ['INSERT', ['NEW']],
    ['UPDATE', ['OLD', 'NEW']],
    ['DELETE', ['OLD']],
  ] as const;
  const columns = { notes: 'client_id', tasks: 'owner' };
  return [
    ...Object.entries(columns).flatMap(([name, column]) =>
      kinds.flatMap(([event, rows]) => {
        const trigger = `watch_${name}_${event.toLowerCase()}`;
        const notes = rows
          .map((row) => `INSERT INTO touched (scope) VALUES (CAST(${row}.${column} AS text));`)
          .join(' ');
        return sqlOf(engine) === 'sqlite'
          ? [`CREATE TRIGGER ${trigger} AFTER ${event} ON ${name} BEGIN ${notes} END`]
          : [
              `CREATE FUNCTION ${trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${notes} RETURN NULL; END $$`,
              `CREATE TRIGGER ${trigger} AFTER ${event} ON ${name} FOR EACH ROW EXECUTE FUNCTION ${trigger}()`,
            ];
      }),
    ),
  ];
};

class Undone extends Error {}

type Outcome = 'done' | 'refused' | 'impossible';
interface Result {
  readonly outcome: Outcome;
  readonly rows: readonly unknown[];
  /** The scopes of the rows that were written. */
  readonly touched: readonly string[];
  readonly error?: unknown;
}

const refusedCodes = new Set(['guarantee-violated', 'privilege-missing']);
// errors that a random statement may cause on any database
const statementErrors = new Set([
  'statement-failed',
  'unique-violation',
  'not-null-violation',
  'check-violation',
]);

/** The next statement that builders do not refuse because another engine could not run it. */
const nextOf = (queries: ScopedQueries, own: Parameters<ScopedQueries['next']>[0]) => {
  for (;;) {
    const generated = queries.next(own);
    try {
      return { ...generated, compiled: generated.query.compile() };
    } catch (error) {
      if (!isAshlarError(error) || error.code !== 'usage') throw error;
    }
  }
};

const run = async (
  db: Database<typeof plainTables>,
  scope: string,
  { compiled, isRead }: ReturnType<typeof nextOf>,
): Promise<Result> => {
  let rows: readonly unknown[] = [];
  let touched: readonly string[] = [];
  try {
    if (isRead) {
      rows = (await db.read({ scope }, (s) => s.query.executeQuery(compiled))).rows;
    } else {
      await db.session({ scope }, async (s) => {
        rows = (await s.query.executeQuery(compiled)).rows;
        const found = await sql<{ scope: string }>`SELECT DISTINCT scope FROM touched`.execute(s.query);
        touched = found.rows.map((row) => row.scope);
        throw new Undone('undone');
      });
    }
  } catch (error) {
    if (!(error instanceof Undone)) {
      const { code } = error as { code: string };
      const outcome = refusedCodes.has(code)
        ? 'refused'
        : statementErrors.has(code)
          ? 'impossible'
          : undefined;
      if (!outcome) throw error;
      return { outcome, rows, touched, error };
    }
  }
  return { outcome: 'done', rows, touched };
};

const sorted = (rows: readonly unknown[]): readonly string[] => rows.map((row) => JSON.stringify(row)).sort();

// The guarantee's SQL depends on the dialect only: one engine of each dialect runs all queries, the other runs fewer with another seed.
const totals = isThorough
  ? { sqlite: 10_000, sqlcipher: 10_000, pglite: 10_000, postgres: 10_000 }
  : { sqlite: 2_500, sqlcipher: 1_000, pglite: 1_500, postgres: 2_500 };
const seeds = { sqlite: 20_260_131, sqlcipher: 20_260_132, pglite: 20_260_133, postgres: 20_260_131 };

describe.each(engines)('random queries in scoped sessions on $name', (engine) => {
  const total = totals[engine.name];

  it('return and write all rows of their scope and none of another', async () => {
    const fixture = await openScopedFixture(engine, scopedTables, watching(engine));
    const place = await engine.place();
    // a database with the rows of one scope only: what its sessions must see
    const alone = await connect(
      system('alone', { tables: plainTables, migrations: new URL('file:///nowhere/') }),
      place,
    );
    try {
      await alone.engine.asOwner(async (owner) => {
        for (const made of Object.values(plainTables)) {
          for (const statement of alone.engine.dialect.createTable(made)) await owner.script(statement);
        }
      });
      await fill(fixture.db as unknown as Database<typeof plainTables>, scopes);
      await fixture.run('DELETE FROM touched');
      await fill(alone, [ann]);
      const all = async () => [
        await fixture.run('SELECT * FROM notes ORDER BY id'),
        await fixture.run('SELECT * FROM tasks ORDER BY id'),
      ];
      const before = await all();
      const db = fixture.db as unknown as Database<typeof plainTables>;
      const chance = chancesFrom(seeds[engine.name]);
      const queries = new ScopedQueries(
        db.kysely as unknown as Kysely<Record<string, Record<string, unknown>>>,
        sqlOf(engine),
        chance,
        scopes,
      );
      const seen: Record<string, Record<Outcome, number>> = {};
      const failures: string[] = [];
      let returned = 0;
      let compared = 0;
      let written = 0;
      for (let i = 0; i < total; i++) {
        const own = chance(2) === 0 ? ann : (scopes[chance(3)] ?? ann);
        const generated = nextOf(queries, own);
        const result = await run(db, own.id, generated);
        const counts = seen[generated.kind] ?? { done: 0, refused: 0, impossible: 0 };
        seen[generated.kind] = counts;
        counts[result.outcome]++;
        returned += result.rows.length;
        if (result.touched.length > 0) written++;
        const output = JSON.stringify([result.rows, result.touched]);
        const others = scopes.filter((scope) => scope !== own);
        const leak = others.some(({ id, marker }) => output.includes(marker) || output.includes(id));
        const { sql: text, parameters } = generated.compiled;
        if (leak) failures.push(`leak to ${own.marker}: ${text} ${JSON.stringify(parameters)} → ${output}`);
        if (own !== ann || !generated.isRead) continue;
        const expected = await run(alone, everyScope, generated);
        compared++;
        if (
          expected.outcome !== result.outcome ||
          JSON.stringify(sorted(expected.rows)) !== JSON.stringify(sorted(result.rows))
        )
          failures.push(
            `differs from the database with one scope: ${text} ${JSON.stringify(parameters)} → ${result.outcome} ${output}, not ${expected.outcome} ${JSON.stringify(expected.rows)} ${String(result.error)}`,
          );
      }
      expect(failures.slice(0, 3)).toEqual([]);
      expect(await all()).toEqual(before);

      // the queries must be able to cross scopes: without scoped they read and change rows of other scopes
      const outcomes = Object.values(seen);
      const done = outcomes.reduce((sum, each) => sum + each.done, 0);
      expect(done / total).toBeGreaterThan(0.85);
      for (const [kind, each] of Object.entries(seen)) expect(each.done, kind).toBeGreaterThan(total / 200);
      expect(returned).toBeGreaterThan(total);
      expect(written).toBeGreaterThan(total / 20);
      expect(compared).toBeGreaterThan(total / 5);
    } finally {
      await alone.close();
      await place.remove();
      await fixture.close();
    }
  }, 600_000);

  it('read and write rows of other scopes with everyScope', async () => {
    const fixture = await openScopedFixture(engine, scopedTables, watching(engine));
    try {
      const db = fixture.db as unknown as Database<typeof plainTables>;
      await fill(db, scopes);
      await fixture.run('DELETE FROM touched');
      const queries = new ScopedQueries(
        db.kysely as unknown as Kysely<Record<string, Record<string, unknown>>>,
        sqlOf(engine),
        chancesFrom(7),
        scopes,
      );
      const found: Record<string, number> = {};
      for (let i = 0; i < 800; i++) {
        const generated = nextOf(queries, ann);
        const result = await run(db, everyScope, generated);
        const output = JSON.stringify([result.rows, result.touched]);
        if (/BOB|CAT|bbbb|cccc/.test(output)) found[generated.kind] = (found[generated.kind] ?? 0) + 1;
      }
      for (const kind of ['select', 'set operation', 'CTE', 'UPDATE', 'DELETE', 'UPDATE … FROM'])
        expect(found[kind], kind).toBeGreaterThan(3);
    } finally {
      await fixture.close();
    }
  });
});
