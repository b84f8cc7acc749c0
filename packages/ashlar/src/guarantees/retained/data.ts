import type { Column } from '../../contract/column.js';
import type { DataCheck } from '../../contract/data-check.js';
import type { SqlName } from '../../contract/sql.js';
import { identifier } from '../../model/index.js';

/** Finds rows that would be kept too long, because the database's clock cannot have given them a time to come. */
export function retainedData(
  { name, generated, touched, precision }: Column,
  dialect: SqlName,
): readonly DataCheck[] {
  if (generated !== 'now' || touched) return [];
  const tomorrow =
    dialect === 'sqlite'
      ? `strftime('%Y-%m-%dT%H:%M:%f${precision === 6 ? '000' : ''}Z', 'now', '+1 day')`
      : "now() + interval '1 day'";
  return [{ what: `has a ${name} in the future`, bad: `t.${identifier(name)} > ${tomorrow}` }];
}
