import type { SqlName } from '../contract/sql.js';
import type { SqlStatement } from './statements.js';
import type { StepBody } from './steps.js';

/** A statement that deserves a second look, and why. */
export interface Danger {
  readonly line: number;
  readonly code: string;
  readonly why: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly why: string;
  /** The rule is about a table that has rows: it does not apply to one that is made in the same run. */
  readonly onExisting?: boolean;
}

const table = String.raw`(?:IF (?:NOT )?EXISTS )?(?:ONLY )?(?:\w+\.)?"?(?<table>\w+)"?`;
const rule = (pattern: string, why: string, onExisting = true): Rule => ({
  pattern: new RegExp(pattern.replaceAll(' ', String.raw`\s+`).replaceAll('TABLE_NAME', table), 'i'),
  why,
  onExisting,
});

const everywhere: readonly Rule[] = [
  rule('^DROP TABLE TABLE_NAME', 'drops a table with all its rows'),
  rule(
    '^ALTER TABLE TABLE_NAME (?:.*, )?DROP (?:COLUMN )?(?!CONSTRAINT |COLUMN )',
    'drops a column with its values',
  ),
  rule('^DELETE FROM TABLE_NAME(?!.* WHERE )', 'deletes every row'),
  rule(
    '^UPDATE TABLE_NAME SET (?!.* WHERE )',
    'changes every row: the table grows and its rows stay locked until the end',
  ),
];

const rules: Readonly<Record<SqlName, readonly Rule[]>> = {
  sqlite: [...everywhere, rule('^VACUUM', 'rewrites the whole file, with nobody writing meanwhile', false)],
  postgres: [
    ...everywhere,
    rule('^TRUNCATE (?:TABLE )?TABLE_NAME', 'deletes every row and blocks readers'),
    rule(
      '^ALTER TABLE TABLE_NAME .*SET NOT NULL',
      'reads the whole table under a lock that blocks readers, unless a validated CHECK (… IS NOT NULL) is there first',
    ),
    rule(
      '^ALTER TABLE TABLE_NAME .*ALTER (?:COLUMN )?"?\\w+"? (?:SET DATA )?TYPE ',
      'may rewrite the table under a lock that blocks readers',
    ),
    rule(
      '^ALTER TABLE TABLE_NAME .*ADD (?:COLUMN )?.*DEFAULT .*(?:random|uuid|clock_timestamp|nextval)',
      'fills in a default that differs from row to row: rewrites the table',
    ),
    rule(
      '^ALTER TABLE TABLE_NAME .*ADD (?:CONSTRAINT "?\\w+"? )?(?:CHECK|FOREIGN KEY)(?!.*NOT VALID)',
      'checks every row under a lock that blocks writers; ADD … NOT VALID, then VALIDATE CONSTRAINT in a later step, does not',
    ),
    rule(
      '^ALTER TABLE TABLE_NAME .*ADD (?:CONSTRAINT "?\\w+"? )?(?:UNIQUE|PRIMARY KEY)(?! USING INDEX)(?!.*USING INDEX)',
      'builds an index under a lock that blocks readers; CREATE UNIQUE INDEX CONCURRENTLY, then ADD … USING INDEX, does not',
    ),
    rule(
      '^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*?\\bON TABLE_NAME',
      'blocks writers while the index is built; CREATE INDEX CONCURRENTLY in a step with "-- ashlar: no-transaction" does not',
    ),
    rule(
      '^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS',
      'takes an invalid index that an interrupted run left for a finished one; DROP INDEX CONCURRENTLY IF EXISTS first',
      false,
    ),
    rule('^DROP INDEX (?!CONCURRENTLY)', 'blocks readers and writers of its table for a moment', false),
    rule(
      '^VACUUM .*FULL|^CLUSTER|^REINDEX (?!.*CONCURRENTLY)',
      'rewrites under a lock that blocks readers',
      false,
    ),
    rule('^LOCK (?:TABLE )?TABLE_NAME', 'takes a lock by hand until the step ends'),
  ],
};

const created = /^CREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:\w+\.)?"?(\w+)"?/i;
const renamedTo = /^ALTER\s+TABLE\s+(?:\w+\.)?"?(\w+)"?\s+RENAME\s+TO\s+"?(\w+)"?/i;

/**
 * Points out what could lose data, block a live table or rewrite it.
 *
 * @param newTables - tables made earlier in the same run; they have no rows yet. What this body makes is added.
 */
export const findDangers = (body: StepBody, dialect: SqlName, newTables: Set<string>): Danger[] => {
  if (body.kind === 'code') return [];
  const replaced = new Set<string>();
  if (body.mode === 'rebuild') {
    for (const { code } of body.statements) {
      const [, , name] = renamedTo.exec(code) ?? [];
      if (name !== undefined) replaced.add(name);
    }
  }
  return body.statements.flatMap((statement) => {
    const [, made] = created.exec(statement.code) ?? [];
    if (made !== undefined) newTables.add(made);
    return judge(statement, rules[dialect], newTables, replaced);
  });
};

const judge = (
  { code, line }: SqlStatement,
  given: readonly Rule[],
  newTables: ReadonlySet<string>,
  replaced: ReadonlySet<string>,
): Danger[] =>
  given.flatMap(({ pattern, why, onExisting }) => {
    const match = pattern.exec(code);
    if (!match) return [];
    const name = match.groups?.table;
    if (onExisting && name !== undefined && newTables.has(name)) return [];
    if (name !== undefined && replaced.has(name) && /^DROP/i.test(code)) {
      return [{ line, code, why: `${name} is copied row by row into its new form; writers wait meanwhile` }];
    }
    return [{ line, code, why }];
  });
