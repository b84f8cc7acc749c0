import { Reader } from '../reader.js';
import { addsConstraint, altering, everyRule, postgresRule, type Rule } from './rule.js';

/** Rules about constraints, domains and partitions. */
export const constraintRules: readonly Rule[] = [
  postgresRule({
    id: 'check-all-rows',
    kind: 'lock',
    why: 'checks every row under a lock that blocks readers and writers',
    instead: 'ADD … NOT VALID, then VALIDATE CONSTRAINT in a later step',
    lock: 'AccessExclusiveLock',
    find: altering(
      (action) =>
        addsConstraint(action) &&
        (action.next('CHECK') || action.next('NOT', 'NULL')) &&
        !action.skipTo('NOT', 'VALID'),
    ),
  }),
  postgresRule({
    id: 'foreign-key-all-rows',
    kind: 'lock',
    why: 'checks every row under a lock that blocks writers of both tables',
    instead: 'ADD … NOT VALID, then VALIDATE CONSTRAINT in a later step',
    lock: 'ShareRowExclusiveLock',
    find: altering(
      (action) => addsConstraint(action) && action.next('FOREIGN', 'KEY') && !action.skipTo('NOT', 'VALID'),
    ),
  }),
  everyRule({
    id: 'follows-deletion',
    kind: 'data',
    why: 'deletes or clears rows of the table from then on whenever the row that they refer to is deleted',
    instead: 'ON DELETE RESTRICT, and a program that says what it deletes',
    find: altering(
      (action) =>
        action.next('ADD') && (action.has('ON', 'DELETE', 'CASCADE') || action.has('ON', 'DELETE', 'SET')),
    ),
  }),
  postgresRule({
    id: 'validate-at-once',
    kind: 'lock',
    why: 'checks every row while the transaction still holds the lock of ADD CONSTRAINT',
    instead: 'move VALIDATE CONSTRAINT to a step of its own',
    find: (statement, { mode, statements }) => {
      // outside a transaction each statement gives its lock up
      if (mode === 'no-transaction' || !statement.take('ALTER', 'TABLE')) return [];
      const table = statement.table();
      const validated = statement
        .parts()
        .flatMap((action) => (action.take('VALIDATE', 'CONSTRAINT') ? [action.table()] : []));
      const added = new Set(statements.flatMap(addedConstraints));
      return validated.some((name) => added.has(name)) ? [table] : [];
    },
  }),
  postgresRule({
    id: 'unique-constraint',
    kind: 'lock',
    why: 'builds an index under a lock that blocks readers',
    instead: 'CREATE UNIQUE INDEX CONCURRENTLY, then ADD … USING INDEX',
    lock: 'AccessExclusiveLock',
    find: altering(
      (action) =>
        addsConstraint(action) &&
        (action.next('UNIQUE') || action.next('PRIMARY', 'KEY') || action.next('EXCLUDE')) &&
        !action.skipTo('USING', 'INDEX'),
    ),
  }),
  postgresRule({
    id: 'domain-constraint',
    kind: 'lock',
    why: 'checks every column of the domain in all tables, and blocks their writers',
    instead:
      'ADD CONSTRAINT … NOT VALID and VALIDATE CONSTRAINT later, or a CHECK of the table instead of a domain',
    find: (s) =>
      s.take('ALTER', 'DOMAIN') && (s.has('ADD') || s.has('SET', 'NOT', 'NULL')) && !s.has('NOT', 'VALID')
        ? ['']
        : [],
  }),
  postgresRule({
    id: 'create-domain',
    kind: 'form',
    why: 'creates a domain with a constraint, which can later be changed only for all its columns at once',
    instead: 'a CHECK of each table',
    toRows: false,
    find: (s) => (s.take('CREATE', 'DOMAIN') && (s.has('CHECK') || s.has('NOT', 'NULL')) ? [''] : []),
  }),
  postgresRule({
    id: 'attach-partition',
    kind: 'lock',
    why: 'reads the whole new partition under a lock, unless a validated CHECK shows its bounds',
    instead: 'add the CHECK of the bounds (NOT VALID, then VALIDATE) before ATTACH PARTITION',
    lock: 'ShareUpdateExclusiveLock',
    find: altering((action) => action.next('ATTACH', 'PARTITION')),
  }),
  postgresRule({
    id: 'detach-partition',
    kind: 'lock',
    why: 'blocks readers and writers of the partitioned table',
    instead: 'DETACH PARTITION … CONCURRENTLY in a step with "-- ashlar: no-transaction"',
    lock: 'AccessExclusiveLock',
    find: altering((action) => action.next('DETACH', 'PARTITION') && !action.has('CONCURRENTLY')),
  }),
  postgresRule({
    id: 'inherit',
    kind: 'data',
    why: 'changes which rows a query of the parent returns',
    instead: 'a partitioned table, whose partitions are attached and detached',
    lock: 'AccessExclusiveLock',
    find: altering((action) => action.next('NO', 'INHERIT')),
  }),
  postgresRule({
    id: 'enum-order',
    kind: 'form',
    why: 'adds a value at the end of an enum, wherever it belongs in the order',
    instead: 'ADD VALUE … BEFORE or AFTER; a new value cannot be used in the same transaction',
    toRows: false,
    find: (s) =>
      s.take('ALTER', 'TYPE') && s.has('ADD', 'VALUE') && !s.has('BEFORE') && !s.has('AFTER') ? [''] : [],
  }),
];

const addedConstraints = ({
  tokens,
}: {
  readonly tokens: ConstructorParameters<typeof Reader>[0];
}): readonly string[] => {
  const statement = new Reader(tokens);
  if (!statement.take('ALTER', 'TABLE')) return [];
  statement.table();
  return statement
    .parts()
    .flatMap((action) =>
      action.take('ADD', 'CONSTRAINT') && action.has('NOT', 'VALID') ? [action.table()] : [],
    );
};
