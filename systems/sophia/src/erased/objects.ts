import {
  alwaysTrigger,
  type GuaranteeObject,
  raiseOnPostgres,
  raiseOnSqlite,
  sqliteTrigger,
  triggerFunction,
} from 'ashlar/extend';

/** A write that a trigger refuses. The migrations contain the text. */
export interface Refusal {
  readonly on: 'INSERT' | 'UPDATE' | 'DELETE';
  /** The SQL condition, the same in both dialects. */
  readonly when: string;
  readonly text: string;
}

const nameOf = (table: string, guarantee: string, on: string): string =>
  `${table}_${guarantee.replaceAll('-', '_')}_${on.toLowerCase()}`;

/** Returns the SQLite trigger that refuses a write. REPLACE deletes, and fires it too. */
export function refusedOnSqlite(
  guarantee: string,
  table: string,
  { on, when, text }: Refusal,
): readonly GuaranteeObject[] {
  return [
    sqliteTrigger({
      name: nameOf(table, guarantee, on),
      on: `BEFORE ${on}`,
      table,
      when,
      body: [`SELECT ${raiseOnSqlite(guarantee, text)}`],
    }),
  ];
}

/** Returns the PostgreSQL trigger that refuses a write. */
export function refusedOnPostgres(
  guarantee: string,
  table: string,
  { on, when, text }: Refusal,
): readonly GuaranteeObject[] {
  const name = nameOf(table, guarantee, on);
  return [
    triggerFunction(name, [raiseOnPostgres(guarantee, text)]),
    alwaysTrigger({ name, on: `BEFORE ${on}`, table, when, calls: name }),
  ];
}

const living = (table: string) => `rows of ${table} are of clients who were not erased`;

/** Returns the SQLite triggers that refuse rows of a client who was erased. */
export function livingOnSqlite(table: string): readonly GuaranteeObject[] {
  return (['INSERT', 'UPDATE'] as const).map((on) =>
    sqliteTrigger({
      name: nameOf(table, 'of-living', on),
      on: `BEFORE ${on}`,
      table,
      when: 'EXISTS (SELECT 1 FROM clients WHERE id = NEW.client_id AND erased_at IS NOT NULL)',
      body: [`SELECT ${raiseOnSqlite('of-living', living(table))}`],
    }),
  );
}

/** Returns the PostgreSQL triggers that refuse rows of a client who was erased. */
export function livingOnPostgres(table: string): readonly GuaranteeObject[] {
  const calls = `${table}_of_living`;
  return [
    triggerFunction(
      calls,
      [
        // comments inside the body are part of the migrations
        '-- waits for an erasure that has not committed, and then sees it',
        'PERFORM FROM clients WHERE id = NEW.client_id FOR KEY SHARE;',
        'IF EXISTS (SELECT FROM clients WHERE id = NEW.client_id AND erased_at IS NOT NULL) THEN',
        raiseOnPostgres('of-living', living(table)).replaceAll(/^/gm, '  '),
        'END IF;',
        'RETURN NEW;',
      ],
      { reads: true, seesAll: 'scopes', onlyFor: table },
    ),
    ...(['INSERT', 'UPDATE'] as const).map((on) =>
      alwaysTrigger({ name: nameOf(table, 'of-living', on), on: `BEFORE ${on}`, table, calls }),
    ),
  ];
}
