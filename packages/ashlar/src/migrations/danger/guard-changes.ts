import { isOwn } from '../../model/index.js';
import type { Reader } from '../reader.js';
import { everyRule, isDeclared, postgresRule, type Rule, type Surroundings } from './rule.js';

/** The kinds of object of which a guarantee consists, as the words of a statement name them. */
const kinds = ['TRIGGER', 'FUNCTION', 'PROCEDURE', 'ROUTINE', 'VIEW', 'INDEX', 'POLICY', 'SEQUENCE'];

/** Reads the kind of the object that a statement of the schema is about, in the word of the guards. */
const kindOf = (statement: Reader): string | undefined => {
  statement.take('CONSTRAINT');
  statement.take('UNIQUE');
  const word = kinds.find((kind) => statement.take(kind));
  if (word === 'INDEX') statement.take('CONCURRENTLY');
  return word === 'ROUTINE' || word === 'PROCEDURE' ? 'function' : word?.toLowerCase();
};

/** The table of the guarantee whose object a statement creates in another form than declared, alters, or drops. */
const changesGuard = (statement: Reader, around: Surroundings): readonly string[] => {
  const isCreate = statement.take('CREATE');
  if (isCreate && statement.take('OR')) statement.take('REPLACE');
  // what is dropped as a trigger, function, index or policy has rules of its own
  const isRoutine = !isCreate && statement.next('DROP', 'ROUTINE');
  if (!isCreate && !statement.take('ALTER') && !(isRoutine && statement.take('DROP'))) return [];
  const kind = kindOf(statement);
  const table = kind && around.guards.get(`${kind} ${statement.table()}`);
  if (table === undefined || isDeclared(statement, around)) return [];
  return kind === 'policy' && isOfGuard(table, around) ? [] : [table];
};

/** Whether a generated step puts its policies on another tool's table: they have the form in which the server describes them. */
const isOfGuard = (table: string, { isGenerated, tables }: Surroundings): boolean =>
  isGenerated && tables.get(table)?.external === true;

/** The table that a statement of rows writes, where it is one of records of which only Ashlar writes. */
const writesRecords = (statement: Reader, around: Surroundings): readonly string[] => {
  const isWrite =
    statement.take('INSERT', 'INTO') ||
    statement.take('REPLACE', 'INTO') ||
    statement.take('MERGE', 'INTO') ||
    statement.take('DELETE', 'FROM') ||
    statement.take('INSERT') ||
    statement.take('UPDATE') ||
    statement.take('COPY');
  if (!isWrite) return [];
  // INSERT OR IGNORE INTO, UPDATE OR REPLACE
  if (statement.take('OR')) statement.skip();
  statement.take('INTO');
  const table = statement.table();
  const facts = around.tables.get(table)?.facts;
  const isRecord =
    around.guards.has(`table ${table}`) ||
    facts?.trail === true ||
    isOwn(table) ||
    /^sqlite_|^pg_/.test(table);
  return isRecord && !isDeclared(statement, around) ? [table] : [];
};

const isScoped = (name: string, { tables }: Surroundings): boolean =>
  tables.get(name)?.facts.scope !== undefined;

/** The scoped table for which a statement creates a policy that adds rows to those of the scope. */
const addsPolicy = (statement: Reader, around: Surroundings): readonly string[] => {
  if (!statement.take('CREATE', 'POLICY')) return [];
  statement.table();
  if (!statement.take('ON')) return [];
  const table = statement.table();
  if (!isScoped(table, around) || statement.has('AS', 'RESTRICTIVE')) return [];
  return isDeclared(statement, around) || isOfGuard(table, around) ? [] : [table];
};

/** The scoped table whose rows a statement copies into a table without the scope. */
const copiesScope = (statement: Reader, around: Surroundings): readonly string[] => {
  if (!statement.take('CREATE')) return [];
  for (const word of ['TEMP', 'TEMPORARY', 'UNLOGGED']) statement.take(word);
  if (!statement.take('TABLE')) return [];
  statement.table();
  if (!statement.skipTo('AS')) return [];
  return statement.names().filter((name) => isScoped(name, around));
};

/** The scoped table that the body of a function reads with the rights of its owner. */
const readsAsOwner = (statement: Reader, around: Surroundings): readonly string[] => {
  if (!statement.next('CREATE') || !statement.has('SECURITY', 'DEFINER')) return [];
  if (isDeclared(statement, around)) return [];
  const text = statement.rest().join(' ');
  return [...around.tables.keys()].filter(
    (name) =>
      isScoped(name, around) &&
      text
        .toLowerCase()
        .split(/[^\p{L}\p{N}_$]+/u)
        .includes(name),
  );
};

const asDeclared = 'change the declaration, and let `ashlar migrate new` write the step';

/** Rules about statements that change what keeps a guarantee, or write what only it writes. */
export const guardChangeRules: readonly Rule[] = [
  everyRule({
    id: 'change-guard',
    kind: 'guarantee',
    why: 'changes an object of a guarantee to another form than the declaration has, so that it may keep nothing',
    instead: asDeclared,
    find: changesGuard,
  }),
  everyRule({
    id: 'write-records',
    kind: 'guarantee',
    why: 'writes rows that only a guarantee or Ashlar writes: what they prove is no longer proven',
    instead: 'leave the rows to the commands of Ashlar',
    find: writesRecords,
  }),
  postgresRule({
    id: 'add-policy',
    kind: 'guarantee',
    why: 'adds a policy to a scoped table: permissive policies are joined with OR, so it shows rows beyond the scope',
    instead: 'CREATE POLICY … AS RESTRICTIVE, which can only take rows away',
    find: addsPolicy,
  }),
  everyRule({
    id: 'copy-scoped',
    kind: 'guarantee',
    why: 'copies rows of a scoped table into a table that has no scope',
    instead: 'declare the table with scoped(…), and copy the rows into it',
    toRows: false,
    find: copiesScope,
  }),
  postgresRule({
    id: 'definer-reads',
    kind: 'guarantee',
    why: 'creates a function that reads a scoped table with the rights of its owner',
    instead: 'leave out SECURITY DEFINER',
    toRows: false,
    find: readsAsOwner,
  }),
];
