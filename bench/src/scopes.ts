import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { id, system, table } from 'ashlar';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { type TestDatabase, testDatabase } from 'ashlar/testing';
import { z } from 'zod';
import { median } from './measure.js';
import { startPostgres } from './postgres-server.js';

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: changes }),
]);
const benchSystem = system('bench', { tables: { changes, notes }, migrations: new URL('file:///none/') });

type Db = TestDatabase<typeof benchSystem.tables>;

const context = { actor: 'user:1', scope: 'client 7' };
const rows = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ client: 'client 7', body: `note ${at}` }));

const work: readonly (readonly [
  name: string,
  operations: number,
  run: (db: Db, key: string) => Promise<unknown>,
])[] = [
  ['a row by its key', 1_000, (db, key) => db.get(notes, key, context)],
  [
    '1,000 rows of the scope',
    100,
    (db) => db.read(context, (s) => s.query.selectFrom('notes').selectAll().limit(1_000).execute()),
  ],
  ['an insert with its trail', 500, (db) => db.insert(notes, { client: 'client 7', body: 'x' }, context)],
  [
    'an insert of 500 rows with their trail',
    20,
    (db) => db.session(context, (s) => s.insertMany(notes, rows(500))),
  ],
];

/** The processor time that the process of a connection has used, in milliseconds; `undefined` where the system does not tell. */
const processorTime = async (pid: number): Promise<number | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  // in ticks of 10 ms
  return fields && (Number(fields[11]) + Number(fields[12])) * 10;
};

interface Cost {
  readonly elapsed: number;
  readonly processor: number | undefined;
}

const costOf = async (db: Db, operations: number, run: () => Promise<unknown>): Promise<Cost> => {
  // one session after the other: the pool has one connection
  const transaction = await db.engine.begin({ mode: 'read', actor: null, scope: null });
  const found = await transaction.execute('SELECT pg_backend_pid() AS pid', []);
  await transaction.rollback();
  const pid = Number(found.rows[0]?.pid);
  const [began, before] = [performance.now(), await processorTime(pid)];
  for (let n = 0; n < operations; n++) await run();
  const after = await processorTime(pid);
  return {
    elapsed: (performance.now() - began) / operations,
    processor: before === undefined || after === undefined ? undefined : (after - before) / operations,
  };
};

/**
 * What it costs that a database verifies the scope and the actor of sessions: time, and processor time of the server, for
 * each operation, beside a database without a key whose policies compare with the setting itself.
 */
export async function scopeFigures(rounds: number, print: (line: string) => void): Promise<void> {
  const server = await startPostgres();
  const open = (scopeKey?: string) =>
    testDatabase(benchSystem, {
      url: server.url,
      roles: 'two',
      ...(scopeKey === undefined ? {} : { scopeKey }),
    });
  const [plain, keyed] = [await open(), await open(randomBytes(32).toString('hex'))];
  await plain.owner.asOwner((owner) =>
    owner.run(
      'ALTER POLICY notes_scoped ON notes USING (client BETWEEN ashlar_scope_text_low() AND ashlar_scope_text_high())',
    ),
  );
  const keys = new Map<Db, string>();
  for (const db of [plain, keyed]) {
    for (let client = 0; client < 20; client++)
      await db.session({ actor: 'user:1', scope: `client ${client}` }, (s) =>
        s.insertMany(
          notes,
          rows(1_000).map((row) => ({ ...row, client: `client ${client}` })),
        ),
      );
    await db.owner.asOwner((owner) => owner.run('ANALYZE'));
    keys.set(db, (await db.insert(notes, { client: 'client 7', body: 'x' }, context)).id);
  }
  for (const [name, operations, run] of work) {
    const costs = new Map<Db, Cost[]>([
      [plain, []],
      [keyed, []],
    ]);
    for (let round = 0; round <= rounds; round++)
      for (const db of round % 2 ? [plain, keyed] : [keyed, plain]) {
        const cost = await costOf(db, operations, () => run(db, keys.get(db) ?? ''));
        if (round > 0) costs.get(db)?.push(cost);
      }
    const figure = (db: Db, of: (cost: Cost) => number | undefined): string =>
      median((costs.get(db) ?? []).map((cost) => of(cost) ?? Number.NaN)).toFixed(3);
    const both = (of: (cost: Cost) => number | undefined): string =>
      `${figure(plain, of)} → ${figure(keyed, of)} ms`;
    print(
      `${`verified scope · ${name}`.padEnd(52)} ${both(({ elapsed }) => elapsed)}   processor of the server ${both(({ processor }) => processor)}`,
    );
  }
  await plain.close();
  await keyed.close();
  await server.stop();
}
