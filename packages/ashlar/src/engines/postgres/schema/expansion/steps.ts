import type { Expansion, ExpansionSteps } from '../../../../contract/expansion.js';
import { identifier } from '../../../../model/index.js';
import { expansionSummary, fillStatement } from '../../../expansion.js';
import { change } from '../change.js';
import { replacedSql } from './replaced.js';
import { requiredSql } from './required.js';

/** Returns the three steps of a change of a live table on PostgreSQL. */
export function expansionSteps(expansion: Expansion): ExpansionSteps {
  const { add, sync, proofs, contract, drop } =
    expansion.kind === 'required' ? requiredSql(expansion) : replacedSql(expansion);
  const summary = expansionSummary(expansion);
  const table = identifier(expansion.after.name);
  const alter = (action: string): string => `ALTER TABLE ${table} ${action}`;
  const synced = sync.map((object) => object.sql);
  const unsynced = sync
    .toReversed()
    .map(({ type, name }) =>
      type === 'trigger'
        ? `DROP TRIGGER ${identifier(name)} ON ${table}`
        : `DROP FUNCTION ${identifier(name)}()`,
    );
  const prove = proofs.map(({ name, condition }) =>
    alter(`ADD CONSTRAINT ${identifier(name)} CHECK (${condition})`),
  );
  const proveLater = prove.map((statement) => `${statement} NOT VALID`);
  const unproven = proofs.map(({ name }) => alter(`DROP CONSTRAINT ${identifier(name)}`));
  return {
    objects: [
      ...sync.map(({ type, name }) => ({ type: type === 'trigger' ? type : ('function' as const), name })),
      ...proofs.map(({ name }) => ({ type: 'constraint' as const, name })),
    ],
    expand: change({
      summary: `${summary}: both versions write it`,
      up: [...add.up, ...synced, ...proveLater],
      down: [...unproven, ...unsynced, ...add.down],
    }),
    fill: change({
      summary: `${summary}: fill the rows that exist`,
      up: [
        fillStatement(expansion),
        ...proofs.map(({ name }) => alter(`VALIDATE CONSTRAINT ${identifier(name)}`)),
      ],
      // as expand made them
      down: [...unproven, ...proveLater],
    }),
    contract: change({
      summary: `${summary}: the older version no longer runs`,
      // while the CHECK is there, SET NOT NULL reads no row
      up: [...contract.up, ...unproven, ...unsynced, ...drop],
      down: [...contract.down, ...synced, ...prove],
    }),
  };
}
