import type { GuardedTable } from '../../contract/guarantee.js';
import type { Reader } from '../reader.js';
import {
  altering,
  everyRule,
  isCreated,
  names,
  postgresRule,
  type Rule,
  type Surroundings,
  sqliteRule,
  where,
} from './rule.js';

/** Whether a statement drops an object of such a kind that the step does not create again. */
const drops =
  (kind: string) =>
  (statement: Reader, around: Surroundings): boolean => {
    if (!statement.take('DROP', kind)) return false;
    const name = statement.table();
    if (statement.take('ON') && isDropped(around, statement.table())) return false;
    return !isCreated(around, kind, name);
  };

const isDropped = ({ statements }: Surroundings, table: string): boolean =>
  statements.some(({ code }) => new RegExp(`^drop\\s+table\\b.*\\b${table}\\b`, 'i').test(code));

const isGuard =
  (kind: string) =>
  (statement: Reader, around: Surroundings): boolean => {
    if (!statement.take('DROP', kind)) return false;
    statement.take('CONCURRENTLY');
    return names(statement).some(
      (name) => around.guards.has(`${kind.toLowerCase()} ${name}`) && !isCreated(around, kind, name),
    );
  };

/** Finds statements that remove rows or the whole of a table with a given part in its system. */
const removing =
  (is: (table: GuardedTable) => boolean) =>
  (statement: Reader, { tables }: Surroundings) => {
    const found = removed(statement);
    return found.filter((name) => {
      const table = tables.get(name);
      return table !== undefined && is(table);
    });
  };

const removed = (statement: Reader): readonly string[] => {
  if (statement.take('DROP', 'TABLE')) return names(statement);
  if (statement.take('DELETE', 'FROM')) return [statement.table()];
  if (!statement.take('TRUNCATE')) return [];
  statement.take('TABLE');
  return names(statement);
};

const opens = (statement: Reader): boolean => {
  const words = statement.rest();
  const isTrue = (at: number): boolean =>
    words[at] === '(' && ['TRUE', "'t'", "'true'"].includes(words[at + 1] ?? '') && words[at + 2] === ')';
  return words.some(
    (word, at) => (word === 'USING' || (word === 'CHECK' && words[at - 1] === 'WITH')) && isTrue(at + 1),
  );
};

const readsScoped = (statement: Reader, { tables }: Surroundings): boolean =>
  statement.names().some((name) => tables.get(name)?.facts.scope !== undefined);

const rightsOfOwner = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN', 'ALL'];

const pragmas = [
  'foreign_keys',
  'ignore_check_constraints',
  'writable_schema',
  'recursive_triggers',
  'defer_foreign_keys',
  'trusted_schema',
  'journal_mode',
  'legacy_alter_table',
];

/** Rules about what guards the rows: the guarantees, row-level security, rights and the settings that switch them off. */
export const guardRules: readonly Rule[] = [
  everyRule({
    id: 'drop-trail',
    kind: 'guarantee',
    why: 'removes lines of an audit trail, or the whole of it',
    instead: 'keep the trail; `ashlar retention purge` removes what is due',
    find: removing(({ facts }) => facts.trail === true),
  }),
  everyRule({
    id: 'drop-ledger',
    kind: 'guarantee',
    why: 'removes entries of a ledger, or the whole of it: what it proved can no longer be proved',
    instead: 'export it first: ashlar ledger export',
    find: removing(({ facts }) => facts.ledger !== undefined),
  }),
  everyRule({
    id: 'drop-keys',
    kind: 'guarantee',
    why: 'removes data keys: what they encrypted can never be read again',
    instead: 'ashlar key shred, for the scopes that are to be forgotten',
    find: removing(({ facts }) => facts.keyring === true),
  }),
  everyRule({
    id: 'drop-records',
    kind: 'guarantee',
    why: 'removes the records of a guarantee',
    instead: 'remove the guarantee from the declaration, and let `ashlar migrate new` write the step',
    find: (s, { guards }) => removed(s).filter((name) => guards.has(`table ${name}`)),
  }),
  everyRule({
    id: 'drop-trigger',
    kind: 'guarantee',
    why: 'drops a trigger: what it refused or recorded is no longer refused or recorded',
    instead: 'keep it; a new form of it is created in the same step',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: where(drops('TRIGGER')),
  }),
  everyRule({
    id: 'drop-guard-index',
    kind: 'guarantee',
    why: 'drops an index that a guarantee needs',
    instead: 'remove the guarantee from the declaration, and let `ashlar migrate new` write the step',
    toRows: false,
    find: where(isGuard('INDEX')),
  }),
  postgresRule({
    id: 'disable-trigger',
    kind: 'guarantee',
    why: 'keeps triggers from firing, always or on a replica: guarantees, foreign keys and trails have no effect meanwhile',
    instead: 'ENABLE ALWAYS TRIGGER; a change that a guarantee refuses is not made by a step',
    lock: 'ShareRowExclusiveLock',
    toRows: false,
    find: altering(
      (action) =>
        action.next('DISABLE', 'TRIGGER') ||
        action.next('ENABLE', 'REPLICA', 'TRIGGER') ||
        action.next('ENABLE', 'TRIGGER'),
    ),
  }),
  postgresRule({
    id: 'row-security-off',
    kind: 'guarantee',
    why: 'opens every row of a scoped table: to all roles, or to its owner',
    instead: 'ENABLE and FORCE ROW LEVEL SECURITY',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: altering(
      (action) =>
        action.next('DISABLE', 'ROW', 'LEVEL', 'SECURITY') ||
        action.next('NO', 'FORCE', 'ROW', 'LEVEL', 'SECURITY'),
    ),
  }),
  postgresRule({
    id: 'drop-policy',
    kind: 'guarantee',
    why: 'drops a policy: a restrictive one opens rows, a permissive one hides them from programs',
    instead: 'create its new form in the same step',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: where(drops('POLICY')),
  }),
  postgresRule({
    id: 'alter-policy',
    kind: 'guarantee',
    why: 'changes which rows a role can reach',
    instead: 'declare the scope, and let `ashlar migrate new` write the step',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: where((s) => s.next('ALTER', 'POLICY')),
  }),
  postgresRule({
    id: 'open-policy',
    kind: 'guarantee',
    why: 'lets a policy accept every row',
    instead: 'a policy that compares the row’s scope with that of the session: scoped(…)',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: where(
      (s) => (s.next('CREATE', 'POLICY') || s.next('ALTER', 'POLICY')) && !s.has('RESTRICTIVE') && opens(s),
    ),
  }),
  postgresRule({
    id: 'open-view',
    kind: 'guarantee',
    why: 'creates a view that reads a scoped table with the rights of its owner, past the scope of the session',
    instead: 'CREATE VIEW … WITH (security_invoker = true)',
    toRows: false,
    find: where((s, around) => {
      if (!s.take('CREATE')) return false;
      if (s.take('OR')) s.take('REPLACE');
      s.take('RECURSIVE');
      const isMaterialized = s.take('MATERIALIZED');
      if (!s.take('VIEW') || around.definers.has(s.table())) return false;
      return readsScoped(s, around) && (isMaterialized || !invokes(s));
    }),
  }),
  postgresRule({
    id: 'view-invoker-off',
    kind: 'guarantee',
    why: 'lets a view read with the rights of its owner, past the scope of the session',
    instead: 'security_invoker = true',
    toRows: false,
    find: where(
      (s) => s.take('ALTER', 'VIEW') && s.has('SECURITY_INVOKER') && (s.has('RESET') || !invokes(s)),
    ),
  }),
  postgresRule({
    id: 'definer-function',
    kind: 'guarantee',
    why: 'creates a function that runs with the rights of its owner and takes names from the caller’s search_path',
    instead: 'SET search_path FROM CURRENT, or no SECURITY DEFINER',
    toRows: false,
    find: where(
      (s) =>
        ((s.next('CREATE') || s.next('ALTER')) &&
          s.has('SECURITY', 'DEFINER') &&
          (s.has('FUNCTION') || s.has('PROCEDURE')) &&
          !s.has('SET', 'SEARCH_PATH')) ||
        ((s.next('ALTER', 'FUNCTION') || s.next('ALTER', 'PROCEDURE')) &&
          (s.has('RESET', 'SEARCH_PATH') || s.has('RESET', 'ALL'))),
    ),
  }),
  postgresRule({
    id: 'drop-function',
    kind: 'guarantee',
    why: 'drops a function of a guarantee',
    instead: 'remove the guarantee from the declaration, and let `ashlar migrate new` write the step',
    toRows: false,
    find: where(isGuard('FUNCTION')),
  }),
  postgresRule({
    id: 'grant',
    kind: 'guarantee',
    why: 'grants a right to write, which a guarantee may withhold; `ashlar up` takes it back from Ashlar’s roles only',
    instead: 'leave rights to `ashlar up`, which grants what the guarantees allow',
    toRows: false,
    find: where((s) => {
      if (s.take('ALTER', 'DEFAULT', 'PRIVILEGES')) return s.has('GRANT');
      if (!s.take('GRANT')) return false;
      return !s.has('ON') || s.parts().some((part) => rightsOfOwner.some((right) => part.next(right)));
    }),
  }),
  postgresRule({
    id: 'owner',
    kind: 'guarantee',
    why: 'gives an object to another role, which is bound by no right and may change it',
    instead: 'ashlar roles apply --owner NAME',
    toRows: false,
    find: where((s) => (s.next('ALTER') && s.has('OWNER', 'TO')) || s.next('REASSIGN', 'OWNED')),
  }),
  postgresRule({
    id: 'replica-role',
    kind: 'guarantee',
    why: 'changes a setting of the session with which triggers, policies or scopes have no effect',
    instead: 'leave it; a change that a guarantee refuses is not made by a step',
    toRows: false,
    find: where(
      (s) =>
        [
          'session_replication_role',
          'row_security',
          'ashlar.scope',
          'ashlar.actor',
          'role',
          'session_authorization',
        ].some((name) => s.sets(name)) ||
        s.next('SET', 'ROLE') ||
        s.next('SET', 'LOCAL', 'ROLE') ||
        s.next('SET', 'SESSION', 'AUTHORIZATION'),
    ),
  }),
  postgresRule({
    id: 'drop-constraint',
    kind: 'guarantee',
    why: 'drops a constraint: rows that it refused are accepted from then on',
    instead: 'add its new form in the same step',
    lock: 'AccessExclusiveLock',
    find: altering((action, around) => {
      if (!action.take('DROP', 'CONSTRAINT')) return false;
      const name = action.table();
      return !around.statements.some(({ code }) =>
        new RegExp(`\\badd\\s+constraint\\s+"?${escaped(name)}\\b`, 'i').test(code),
      );
    }),
  }),
  postgresRule({
    id: 'create-rule',
    kind: 'guarantee',
    why: 'rewrites statements before triggers and guarantees see them',
    instead: 'a trigger',
    lock: 'AccessExclusiveLock',
    toRows: false,
    find: where((s) => {
      if (!s.take('CREATE')) return false;
      if (s.take('OR')) s.take('REPLACE');
      return s.next('RULE');
    }),
  }),
  sqliteRule({
    id: 'pragma',
    kind: 'guarantee',
    why: 'changes a setting of the connection on which foreign keys, CHECKs or triggers depend',
    instead: 'leave it; a step with "-- ashlar: rebuild" checks the foreign keys at its end',
    toRows: false,
    find: where((s, { mode }) => {
      if (!s.take('PRAGMA')) return false;
      const name = s.table();
      if (name === 'legacy_alter_table' && mode === 'rebuild') return false;
      return pragmas.includes(name) && s.rest().length > 0;
    }),
  }),
];

const escaped = (name: string): string => name.replaceAll(/[^\w]/g, '\\$&');

const invokes = (statement: Reader): boolean => {
  const words = statement.rest();
  const at = words.indexOf('SECURITY_INVOKER');
  if (at < 0) return false;
  return words[at + 1] !== '=' || ['TRUE', 'ON', '1', 'YES', "'true'", "'on'"].includes(words[at + 2] ?? '');
};
