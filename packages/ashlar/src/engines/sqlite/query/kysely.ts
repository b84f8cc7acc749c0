import { type SelectModifierNode, type SelectQueryNode, SqliteAdapter, SqliteQueryCompiler } from 'kysely';
import type { KyselyOfEngine } from '../../../contract/engine.js';
import { sqliteAnswers } from './answers.js';

/** SQLite's compiler without row locks (FOR UPDATE): a session that writes already holds the only write lock. */
class UnlockedQueryCompiler extends SqliteQueryCompiler {
  protected override visitSelectQuery(node: SelectQueryNode): void {
    if (!node.endModifiers) {
      super.visitSelectQuery(node);
      return;
    }
    super.visitSelectQuery({ ...node, endModifiers: node.endModifiers.filter(isNoRowLock) });
  }
}

const isNoRowLock = ({ modifier }: SelectModifierNode): boolean =>
  modifier === undefined || modifier === 'Distinct';

/** The adapter, the compiler and the answers with which Kysely builds SQL for SQLite. */
export const kyselyOfSqlite: KyselyOfEngine = {
  adapter: () => new SqliteAdapter(),
  compiler: () => new UnlockedQueryCompiler(),
  answers: sqliteAnswers,
};
