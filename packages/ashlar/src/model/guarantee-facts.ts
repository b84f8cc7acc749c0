import type { FactRule, Guarantee, GuardedTable } from '../contract/guarantee.js';
import type { GuaranteeFacts, TableFacts } from '../contract/table.js';
import { invalidTable } from './invalid-table.js';
import { rightsOf } from './rights.js';

/** The guarantee of Ashlar that gives a fact, by name: what to call it where no guarantee of the table gives it. */
const usualGivers: Readonly<Record<keyof GuaranteeFacts, string>> = {
  appendOnly: 'append-only',
  audited: 'audited',
  encryption: 'encrypted',
  keyring: 'keyring',
  ledger: 'ledgered',
  partition: 'partitioned',
  retention: 'retained',
  scope: 'scoped',
  trail: 'trail',
  versions: 'versioned',
};

/**
 * Merges the facts that the guarantees of a table give.
 *
 * @throws AshlarError `table-invalid` where two guarantees give the same fact
 */
export function mergedFacts(
  table: Pick<TableFacts, 'name' | 'columns'>,
  guarantees: readonly Guarantee[],
): GuaranteeFacts {
  const givers = new Map<string, string>();
  let merged: GuaranteeFacts = {};
  for (const { name, facts } of guarantees) {
    const given = facts?.(table) ?? {};
    for (const fact of Object.keys(given)) {
      const giver = givers.get(fact);
      if (giver !== undefined) throw givenTwice(table.name, giver, name);
      givers.set(fact, name);
    }
    merged = { ...merged, ...given };
  }
  return Object.freeze(merged);
}

const givenTwice = (table: string, one: string, other: string) =>
  invalidTable(
    table,
    one === other ? `it declares ${one} twice.` : `${one} and ${other} exclude each other.`,
    'Keep only one of the two guarantees.',
  );

/**
 * Throws if one of the guarantees cannot hold on the given table, or if two of them cannot hold together.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertGuarantees(table: GuardedTable): void {
  const ciphertext = Object.values(table.columns).find((column) => column.plaintext);
  if (ciphertext && !table.facts.encryption) {
    throw invalidTable(
      table.name,
      `${ciphertext.name} is encrypted, but the table does not declare the guarantee that provides its keys.`,
      'Add the guarantee: encrypted({ scope: c.client_id, keys: dataKeys }).',
    );
  }
  // first, so that the message names both guarantees and not the first column or key that does not suit one of them
  for (const guarantee of table.guarantees) assertRules(table, guarantee);
  for (const guarantee of table.guarantees) guarantee.validate?.(table);
  assertDistinct(table);
  assertInsertable(table);
}

// a role without a right on any column cannot even insert default values, and with a right on a key it could choose one
const assertInsertable = (table: GuardedTable): void => {
  const withheld = table.guarantees.some(
    ({ postgres }) => postgres.level !== 'refused' && postgres.rights?.(table).withheld?.includes('insert'),
  );
  if (withheld || rightsOf(table).insert.length > 0) return;
  throw invalidTable(
    table.name,
    'only the database gives its columns, so the application could insert no row.',
    "Add a column that the application gives: note: z.string().default('').",
  );
};

// a guarantee may be declared for several columns, but not twice for the same: its objects would have the same names
const assertDistinct = (table: GuardedTable): void => {
  const names = new Map<string, Guarantee>();
  for (const guarantee of table.guarantees) {
    if (guarantee.sqlite.level === 'refused') continue;
    for (const { name } of guarantee.sqlite.objects(table)) {
      const other = names.get(name);
      if (other?.name === guarantee.name && other !== guarantee)
        throw givenTwice(table.name, guarantee.name, guarantee.name);
      names.set(name, guarantee);
    }
  }
};

const assertRules = (table: GuardedTable, guarantee: Guarantee): void => {
  const { name, conflicts = [], requires = [] } = guarantee;
  for (const rule of conflicts) {
    const other = giverOf(table, guarantee, rule);
    if (other) throw refused(table, `${name} and ${inCase(other, rule)} cannot hold together.`, rule);
  }
  for (const rule of requires) {
    if (!giverOf(table, guarantee, rule))
      throw refused(table, `${name} requires ${inCase(usualGivers[rule.fact], rule)}.`, rule);
  }
};

const giverOf = (table: GuardedTable, asking: Guarantee, { fact, when }: FactRule): string | undefined =>
  table.guarantees.find((other) => {
    if (other === asking) return false;
    const given = other.facts?.(table) ?? {};
    return given[fact] !== undefined && (when?.holds(given) ?? true);
  })?.name;

const inCase = (guarantee: string, { when }: FactRule): string =>
  when === undefined ? guarantee : `${guarantee} ${when.words}`;

const refused = (table: GuardedTable, what: string, { why, suggestion }: FactRule) =>
  invalidTable(table.name, `${what} ${why}`, suggestion);
