import type { Attack, Database, Probe, RunSql, Table, Tables } from 'ashlar';
import { sql } from 'kysely';
import { rootMessage } from './world.js';

class Undone extends Error {
  readonly verdict: string;
  constructor(verdict: string) {
    super('undone on purpose');
    this.verdict = verdict;
  }
}

const attempt = async (attack: Attack, run: RunSql): Promise<never> => {
  for (const statement of attack.statements.slice(0, -1)) await run(statement);
  const refusal = await run(attack.statements.at(-1) ?? '').then(
    () => undefined,
    (error: unknown) => rootMessage(error),
  );
  if (refusal !== undefined) throw new Undone(/^ashlar\//.test(refusal) ? 'refused' : refusal);
  throw new Undone((await attack.detect?.(run)) === undefined ? 'nothing' : 'detected');
};

/** Tries one attack, undoes it, and says what stood in its way. */
export const verdictOf = async (db: Database<Tables>, attack: Attack): Promise<string> => {
  const tried =
    attack.as === 'owner'
      ? db.engine.asOwner((owner) => owner.atomically(() => attempt(attack, owner.run)))
      : db.session({ actor: 'prover', scope: '*' }, (s) =>
          attempt(attack, async (text) => {
            const { rows } = await sql.raw<Record<string, unknown>>(text).execute(s.query);
            return rows;
          }),
        );
  return tried.catch((error: unknown) => {
    if (error instanceof Undone) return error.verdict;
    throw error;
  });
};

/** The attacks of one guarantee of a table, with what became of each and what should have. */
export const verdicts = async (
  db: Database<Tables>,
  table: Table,
  name: string,
  probe: Probe,
): Promise<{ found: Record<string, string>; wanted: Record<string, string> }> => {
  const attacks =
    table.guarantees.find((guarantee) => guarantee.name === name)?.attacks?.(table, probe) ?? [];
  const found: Record<string, string> = {};
  for (const attack of attacks) found[attack.name] = await verdictOf(db, attack);
  return { found, wanted: Object.fromEntries(attacks.map((attack) => [attack.name, attack.expect])) };
};
