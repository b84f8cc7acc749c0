import type { Engine } from '../contract/engine.js';
import { forgetSql, readHistory } from '../migrations/history.js';
import { ownSystem } from '../migrations/own-system.js';
import { readMark, removeMark } from './mark.js';
import { moveRefused } from './refusals.js';

/**
 * Gives up an unfinished move: removes the rows, and what the move made in its target, in one transaction. Tables that were
 * there before, without rows, stay.
 *
 * @param to - the target, opened as the owner of its schema
 * @returns the tables that were dropped or emptied
 * @throws AshlarError `move-refused` if no move into the database is unfinished
 */
export async function discardMove(
  to: Engine,
  options: { readonly lockTimeout?: number | undefined } = {},
): Promise<readonly string[]> {
  const { dialect } = to;
  return to.bulkWriter(
    ({ owner, lift, empty }) =>
      owner.atomically(async () => {
        const history = await readHistory(owner, dialect);
        const mark = history.length > 0 ? await readMark(owner) : undefined;
        if (!mark) return refuse();
        const { before } = mark.detail;
        const now = await to.introspect(owner);
        const names = new Set(before.schema.tables.map(({ name }) => name));
        const stayed = mark.detail.tables.filter((name) => names.has(name));
        if (stayed.length > 0) {
          await lift(stayed, []);
          await empty(stayed);
        }
        const current = stayed.length > 0 ? await to.introspect(owner) : now;
        for (const { up } of dialect.changes(current, before.schema, [], {}))
          for (const statement of up) await owner.script(statement);
        const kept = new Set(before.steps.map((step) => step.join(' ')));
        for (const { system, step } of history)
          if (system !== ownSystem && !kept.has(`${system} ${step}`))
            await owner.script(forgetSql(system, step));
        await removeMark(owner);
        return [...now.tables.map(({ name }) => name).filter((name) => !names.has(name)), ...stayed];
      }),
    options,
  );
}

const refuse = (): never => {
  throw moveRefused(['no move into this database is unfinished: there is nothing to discard']);
};
