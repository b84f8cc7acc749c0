import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import type { RunSql } from '../../contract/sql.js';
import { identifier } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import type { Catalogue } from './catalogue.js';
import { asOne } from './making.js';
import { partitionObjects } from './objects.js';

/** An object that a partition lacks, and the statement that creates or enables it. */
export interface Repair {
  /** The report line before the repair: which object is missing, disabled or changed. */
  readonly lack: string;
  /** The report line after the repair: which object was created or enabled. */
  readonly text: string;
  readonly sql: string;
}

const triggersSql = sql`
  SELECT c.relname::text AS partition, t.tgname::text AS name, t.tgenabled::text AS enabled, p.tgenabled::text AS "parentEnabled"
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
  LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
  WHERE i.inhparent = $1::text::regclass
`;

const indexesSql = sql`
  SELECT c.relname::text AS partition, x.relname::text AS name
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  JOIN pg_index d ON d.indrelid = c.oid
  JOIN pg_class x ON x.oid = d.indexrelid
  WHERE i.inhparent = $1::text::regclass
`;

// a partition's policy must be identical to its parent's
const policiesSql = sql`
  SELECT c.relname::text AS partition, p.polname::text AS name,
    c.relrowsecurity AND c.relforcerowsecurity
      AND (q.oid IS NULL OR (pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), p.polcmd, p.polpermissive, p.polroles)
        IS NOT DISTINCT FROM (pg_get_expr(q.polqual, q.polrelid), pg_get_expr(q.polwithcheck, q.polrelid), q.polcmd, q.polpermissive, q.polroles)) AS kept
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  JOIN pg_policy p ON p.polrelid = c.oid
  LEFT JOIN pg_policy q ON q.polrelid = i.inhparent AND q.polname = p.polname
  WHERE i.inhparent = $1::text::regclass
`;

/** Finds the missing objects, changed policies and disabled triggers of the guarantees on each partition of a table. */
export async function findRepairs(run: RunSql, table: GuardedTable, catalogue: Catalogue): Promise<Repair[]> {
  const parent = [identifier(table.name)];
  const triggers = await run(triggersSql, parent);
  const indexes = await run(indexesSql, parent);
  const policies = (await run(policiesSql, parent)).filter(({ kept }) => kept === true || kept === 't');
  const found: Partial<Record<GuaranteeObject['type'], typeof triggers>> = {
    index: indexes,
    policy: policies,
    trigger: triggers,
  };
  const partitions = [
    ...catalogue.ranges.map((range) => range.name),
    ...(catalogue.default ? [catalogue.default] : []),
  ];
  const missing = partitions.flatMap((partition) =>
    partitionObjects(table, partition)
      .filter(
        (object) =>
          !found[object.type]?.some((row) => row.partition === partition && row.name === object.name),
      )
      .map((object) => missingObject(partition, object)),
  );
  const always = new Set(
    partitions.flatMap((partition) =>
      partitionObjects(table, partition)
        .filter((object) => object.sql.includes('ENABLE ALWAYS TRIGGER'))
        .map((object) => `${partition} ${object.name}`),
    ),
  );
  const off = triggers
    .filter(
      (row) =>
        row.enabled !== 'A' && (row.parentEnabled === 'A' || always.has(`${row.partition} ${row.name}`)),
    )
    .map((row) => disabledTrigger(String(row.partition), String(row.name)));
  return [...missing, ...off];
}

const missingObject = (partition: string, object: GuaranteeObject): Repair => ({
  lack:
    object.type === 'policy'
      ? `${partition}: the policy ${object.name} is missing, disabled or changed`
      : `${partition}: the ${object.type} ${object.name} is missing`,
  text:
    object.type === 'policy'
      ? `${partition}: the policy ${object.name} was missing, disabled or changed and is created again`
      : `${partition}: the ${object.type} ${object.name} was missing and is created again`,
  sql: asOne(
    object.type === 'policy'
      ? `DROP POLICY IF EXISTS ${identifier(object.name)} ON ${identifier(partition)};\n${object.sql}`
      : object.sql,
  ),
});

const disabledTrigger = (partition: string, trigger: string): Repair => ({
  lack: `${partition}: the trigger ${trigger} is not set to ENABLE ALWAYS`,
  text: `${partition}: the trigger ${trigger} was not set to ENABLE ALWAYS and is enabled again`,
  sql: `ALTER TABLE ${identifier(partition)} ENABLE ALWAYS TRIGGER ${identifier(trigger)}`,
});
