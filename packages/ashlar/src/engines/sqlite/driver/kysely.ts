import { type SelectModifierNode, type SelectQueryNode, SqliteAdapter, SqliteQueryCompiler } from 'kysely';

/** SQLite's compiler without row locks: a session that writes holds the only write lock already. */
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

/** How Kysely speaks to SQLite. */
export const kyselyParts = {
  adapter: () => new SqliteAdapter(),
  compiler: () => new UnlockedQueryCompiler(),
} as const;
