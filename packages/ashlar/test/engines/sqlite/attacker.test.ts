import Sqlite from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { withoutRoles } from '../../../../../test/support/engines.js';
import { isThorough } from '../../../../../test/support/thorough.js';
import { attackerStatement } from './attacker.js';
import { ann, type Db, events, notes, openSecrets, saidBy, secret, untouchable } from './gate-setup.js';

const total = isThorough ? 10_000 : 400;
const perSession = 4;

const undone = new Error('undone');

/** Runs statements in one session, each in a savepoint or a session of its own, and returns everything that it said. */
const attack = async (db: Db, texts: readonly string[], mode: 'commits' | 'undoes' | 'reads') => {
  const said: string[] = [];
  let ran = 0;
  const attempt = (running: Promise<{ readonly rows: readonly unknown[] }>): Promise<unknown> =>
    running.then(
      ({ rows }) => {
        ran++;
        said.push(JSON.stringify(rows));
      },
      (error: unknown) => said.push(saidBy(error)),
    );
  if (mode === 'reads') {
    for (const text of texts) await attempt(db.read(ann, (s) => sql.raw(text).execute(s.query)));
    return { said, ran };
  }
  const session = db.session(ann, async (s) => {
    for (const text of texts) await attempt(s.session((inner) => sql.raw(text).execute(inner.query)));
    if (mode === 'undoes') throw undone;
  });
  await session.catch((error: unknown) => said.push(saidBy(error)));
  return { said, ran };
};

describe.each(withoutRoles)('an attacker in sessions of one scope on $name', (engine) => {
  test(`reads, changes and forges nothing of others with ${total} statements`, async () => {
    await using db = await openSecrets(engine);
    const before = await untouchable(db);
    let ran = 0;
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(attackerStatement, { minLength: perSession, maxLength: perSession }),
        fc.constantFrom('commits', 'undoes', 'reads'),
        async (texts, mode) => {
          const result = await attack(db, texts, mode);
          ran += result.ran;
          tried += texts.length;
          // the attacker's own text may have the word
          expect(result.said.filter((text) => /SECRET (bob|zoe|of)/i.test(text))).toEqual([]);
        },
      ),
      { numRuns: total / perSession, endOnFailure: true },
    );
    expect(await untouchable(db)).toBe(before);
    const writers = await db.engine.asOwner((owner) =>
      owner.run("SELECT DISTINCT actor, scope FROM changes WHERE scope = 'ann' OR actor = 'user:ann'"),
    );
    expect(writers).toEqual([{ actor: 'user:ann', scope: 'ann' }]);
    // every scope can still write, and read what it wrote
    for (const scope of ['ann', 'bob']) {
      const note = await db.insert(notes, { client: scope, body: 'last' }, { actor: 'user:last', scope });
      expect(await db.get(notes, note.id, { scope })).toEqual(note);
    }
    await db.insert(events, { note: 'last' });
    expect(tried).toBe(total);
    // about a seventh runs; the rest is refused or wrong
    expect(ran).toBeGreaterThan(total / 20);
  }, 1_800_000);
});

test('the statements of the attacker reach rows of others where nothing stops them', async () => {
  const [plain] = withoutRoles;
  if (!plain) throw new RangeError('no engine');
  await using db = await openSecrets(plain);
  const file = new Sqlite(new URL(db.engine.url).pathname);
  const found = new Set<string>();
  const isOfFile = (text: string) => /vacuum|rekey|cipher|journal|attach/i.test(text);
  for (const text of fc.sample(attackerStatement, { numRuns: 800, seed: 16 })) {
    if (isOfFile(text)) continue;
    file.exec('BEGIN');
    try {
      const statement = file.prepare(text);
      const rows = statement.reader ? statement.all() : [statement.run()];
      if (JSON.stringify(rows).includes(`${secret} bob`)) found.add('a row');
    } catch (error) {
      if (String(error).includes(`${secret} bob`)) found.add('an error');
    }
    if (file.inTransaction) file.exec('ROLLBACK');
    if (file.pragma('ignore_check_constraints', { simple: true }) !== 0) found.add('a setting');
  }
  file.close();
  expect([...found].sort()).toEqual(['a row', 'a setting', 'an error']);
});
