import type { Computed, Replacement } from '../../../../contract/expansion.js';
import type { GuaranteeObject } from '../../../../contract/guarantee.js';
import type { SchemaTable } from '../../../../contract/schema.js';
import { identifier } from '../../../../model/index.js';
import { all, any } from '../../../../sql/conditions.js';
import { objectName } from '../../../../sql/object-name.js';
import { sqliteTrigger } from '../../../../sql/sqlite-triggers.js';
import { whileExpanded } from '../../../expansion.js';
import { columnText } from '../layout.js';
import { rebuildTable } from '../rebuild.js';
import { columnParts } from '../render.js';
import type { ExpansionSql } from './kinds.js';
import { ofSameRow } from './same-row.js';

const nameOf = ({ column }: Computed): string => identifier(column.name);

/** Returns the statements by which columns take the place of others while an older version uses those. */
export function replacedSql(replacement: Replacement): ExpansionSql {
  const { before, after, olds, news } = replacement;
  const table = identifier(after.name);
  const alter = (action: string): string => `ALTER TABLE ${table} ${action}`;
  const add = ({ column }: Computed): string =>
    alter(`ADD COLUMN ${columnText(columnParts(whileExpanded(column)))}`);
  const drop = (one: Computed): string => alter(`DROP COLUMN ${nameOf(one)}`);
  const nullable = (side: readonly Computed[], verb: 'DROP' | 'SET'): string[] =>
    side
      .filter(({ column }) => column.notNull)
      .map((one) => alter(`ALTER COLUMN ${nameOf(one)} ${verb} NOT NULL`));
  // NOT NULL is lifted and set in place, a default is not
  const rebuilds = [...olds, ...news].some(({ column }) => column.default !== undefined);
  const between: SchemaTable = {
    ...before,
    columns: [
      ...before.columns.map((column) =>
        olds.some((one) => one.column === column) ? { ...column, notNull: false } : column,
      ),
      ...news.map(({ column }) => whileExpanded(column)),
    ],
  };
  const same = (name: string): string => name;
  const restored = `UPDATE ${table}\nSET ${olds.map((one) => `${nameOf(one)} = ${one.sql}`).join(', ')}`;
  return {
    add: {
      up: [...nullable(olds, 'DROP'), ...news.map(add)],
      down: [...news.map(drop), ...nullable(olds, 'SET')],
    },
    sync: syncTriggers(replacement),
    contract: rebuilds
      ? { up: rebuildTable(between, after, same), down: [...rebuildTable(after, between, same), restored] }
      : {
          up: [...nullable(news, 'SET'), ...olds.map(drop)],
          down: [...olds.map(add), restored, ...nullable(news, 'DROP')],
        },
    rebuilds,
  };
}

/**
 * The triggers that keep both sides in step. Each changes a row only as long as the sides do not agree, so that they do not
 * go round in circles.
 */
const syncTriggers = ({ after, olds, news, model }: Replacement): readonly GuaranteeObject[] => {
  const { name: table } = after;
  const names = (side: readonly Computed[]): string => side.map(nameOf).join(', ');
  const agrees = (side: readonly Computed[]): string =>
    all(side.map((one) => `${nameOf(one)} IS (${one.sql})`));
  const set = (side: readonly Computed[]): string =>
    [
      `UPDATE ${identifier(table)} SET ${side.map((one) => `${nameOf(one)} = ${one.sql}`).join(', ')}`,
      `WHERE ${ofSameRow(model)} AND NOT (${agrees(news)}) AND NOT (${agrees(olds)})`,
    ].join(' ');
  const differs = (side: readonly Computed[]): string =>
    any(side.map((one) => `NEW.${nameOf(one)} IS NOT OLD.${nameOf(one)}`));
  const stays = all(news.map((one) => `NEW.${nameOf(one)} IS OLD.${nameOf(one)}`));
  const given = any(news.map((one) => `NEW.${nameOf(one)} IS NOT NULL`));
  const trigger = (what: string, on: string, when: string, body: string): GuaranteeObject =>
    sqliteTrigger({
      name: objectName(table, news[0]?.column.name ?? '', 'in_step', what),
      on,
      table,
      when,
      body: [body],
    });
  return [
    trigger('new_row', 'AFTER INSERT', `(${given})`, set(olds)),
    trigger('old_row', 'AFTER INSERT', `NOT (${given})`, set(news)),
    trigger('new', `AFTER UPDATE OF ${names(news)}`, `(${differs(news)})`, set(olds)),
    trigger('old', `AFTER UPDATE OF ${names(olds)}`, `(${differs(olds)}) AND ${stays}`, set(news)),
  ];
};
