import type { Guarantee, SqlName, TableFacts } from 'ashlar/extend';
import { livingAttacks, silenceAttacks, tombstoneAttacks } from './attacks.js';
import {
  livingOnPostgres,
  livingOnSqlite,
  type Refusal,
  refusedOnPostgres,
  refusedOnSqlite,
} from './objects.js';

/**
 * Declares the guarantee that a client who was erased stays erased: the row of `clients` is never changed, deleted or replaced
 * once `erased_at` is set. A CHECK of the table keeps such a row empty.
 */
export function staysErased(): Guarantee {
  const refusals = (): readonly Refusal[] => [
    { on: 'UPDATE', when: 'OLD.erased_at IS NOT NULL', text: 'a client who was erased is never changed' },
    { on: 'DELETE', when: 'OLD.erased_at IS NOT NULL', text: 'a client who was erased is never deleted' },
  ];
  return refusing(
    'stays-erased',
    'A client who was erased is never changed or restored.',
    refusals,
    tombstoneAttacks,
  );
}

/** Declares the guarantee that a table gets no row of a client who was erased. */
export function ofLiving(): Guarantee {
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'of-living',
    summary: 'No row is written for a client who was erased.',
    sqlite: { level: 'enforced' as const, objects: ({ name }: TableFacts) => livingOnSqlite(name) },
    postgres: { level: 'enforced' as const, objects: ({ name }: TableFacts) => livingOnPostgres(name) },
    attacks: livingAttacks,
  });
}

/**
 * Declares the guarantee that a new row says nothing of the client that it concerns: these columns are NULL. What it would say is
 * encrypted in `record_contents`, and can be erased. Rows from before that table are left as they are.
 */
export function saysNothing(...columns: readonly string[]): Guarantee {
  const said = columns.map((column) => `NEW.${column} IS NOT NULL`).join(' OR ');
  const refusals = (table: string): readonly Refusal[] => [
    {
      on: 'INSERT',
      when: `NEW.client_id IS NOT NULL AND (${said})`,
      text: `what a row of ${table} says of a client belongs into record_contents`,
    },
  ];
  return Object.freeze({
    ...refusing('says-nothing', 'A new row says nothing of its client.', refusals, (table, probe) =>
      silenceAttacks(table, probe, columns),
    ),
    probes: [Object.fromEntries(columns.map((column) => [column, null]))],
  });
}

const refusing = (
  name: string,
  summary: string,
  refusals: (table: string) => readonly Refusal[],
  attacks: NonNullable<Guarantee['attacks']>,
): Guarantee => {
  const objects = (dialect: SqlName) => (table: TableFacts) =>
    refusals(table.name).flatMap((refusal) =>
      (dialect === 'sqlite' ? refusedOnSqlite : refusedOnPostgres)(name, table.name, refusal),
    );
  return Object.freeze({
    kind: 'guarantee' as const,
    name,
    summary,
    sqlite: { level: 'enforced' as const, objects: objects('sqlite') },
    postgres: { level: 'enforced' as const, objects: objects('postgres') },
    attacks,
  });
};
