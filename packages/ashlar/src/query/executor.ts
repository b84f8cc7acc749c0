import {
  type ConnectionProvider,
  DefaultQueryExecutor,
  type DialectAdapter,
  type KyselyPlugin,
  type QueryCompiler,
  type QueryId,
  type RootOperationNode,
} from 'kysely';
import type { QueryRules } from './rules.js';

interface Parts {
  readonly compiler: QueryCompiler;
  readonly adapter: DialectAdapter;
  readonly provider: ConnectionProvider;
  readonly rules: QueryRules;
  readonly plugins?: readonly KyselyPlugin[];
}

/**
 * Kysely's executor, which rewrites each statement by the rules of the database after the plugins of its user. It is
 * not a plugin itself: Kysely awaits each plugin once more for every result, and `withoutPlugins` would remove it.
 */
export class RewritingExecutor extends DefaultQueryExecutor {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super(parts.compiler, parts.adapter, parts.provider, [...(parts.plugins ?? [])]);
    this.#parts = parts;
  }

  override transformQuery<T extends RootOperationNode>(node: T, id: QueryId): T {
    return this.#parts.rules.rewrite(super.transformQuery(node, id)) as T;
  }

  override withPlugins(plugins: readonly KyselyPlugin[]): RewritingExecutor {
    return new RewritingExecutor({ ...this.#parts, plugins: [...this.plugins, ...plugins] });
  }

  override withPlugin(plugin: KyselyPlugin): RewritingExecutor {
    return this.withPlugins([plugin]);
  }

  override withPluginAtFront(plugin: KyselyPlugin): RewritingExecutor {
    return new RewritingExecutor({ ...this.#parts, plugins: [plugin, ...this.plugins] });
  }

  override withConnectionProvider(provider: ConnectionProvider): RewritingExecutor {
    return new RewritingExecutor({ ...this.#parts, plugins: this.plugins, provider });
  }

  override withoutPlugins(): RewritingExecutor {
    return new RewritingExecutor({ ...this.#parts, plugins: [] });
  }
}
