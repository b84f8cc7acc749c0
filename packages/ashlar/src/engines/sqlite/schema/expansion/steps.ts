import type { Expansion, ExpansionSteps } from '../../../../contract/expansion.js';
import type { SchemaChange } from '../../../../contract/schema.js';
import { identifier } from '../../../../model/index.js';
import { type BothWays, expansionSummary, fillStatement } from '../../../expansion.js';
import { replacedSql } from './replaced.js';
import { requiredSql } from './required.js';

/** Returns the three steps of a change of a live table on SQLite. */
export function expansionSteps(expansion: Expansion): ExpansionSteps {
  const { add, sync, contract, rebuilds } =
    expansion.kind === 'required' ? requiredSql(expansion) : replacedSql(expansion);
  const summary = expansionSummary(expansion);
  const synced = sync.map((object) => object.sql);
  const unsynced = sync.map(({ name }) => `DROP TRIGGER ${identifier(name)}`);
  const step = (
    what: string,
    { up, down }: BothWays,
    rebuild: SchemaChange['rebuild'] = [],
  ): SchemaChange => ({
    summary: `${summary}: ${what}`,
    up,
    down,
    danger: undefined,
    rebuild,
  });
  return {
    objects: sync.map(({ name }) => ({ type: 'trigger' as const, name })),
    expand: step('both versions write it', {
      up: [...add.up, ...synced],
      down: [...unsynced, ...add.down],
    }),
    // the rows stay filled
    fill: step('fill the rows that exist', { up: [fillStatement(expansion)], down: [] }),
    contract: step(
      'the older version no longer runs',
      { up: [...unsynced, ...contract.up], down: [...contract.down, ...synced] },
      rebuilds ? ['up', 'down'] : [],
    ),
  };
}
