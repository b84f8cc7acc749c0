import type { Attack, Probe } from '../../contract/attack.js';
import type { SqlRow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import {
  asReplica,
  columnsAndValues,
  type Draft,
  givenKeys,
  hasWholeKey,
  insertRow,
  isFresh,
  refused,
  triedBy,
  triedByBoth,
} from '../shared/attacks.js';
import { triedByOtherPrograms } from '../shared/other-programs.js';
import { type Lifecycle, mayGo } from './rules.js';

// a status column of many values has thousands of refused transitions; this many show that the rule is enforced
const mostSteps = 60;

/**
 * Statements that insert a row with a status that is not initial, or make a transition that is not declared, by INSERT,
 * UPDATE, upsert and REPLACE.
 */
export function lifecycleAttacks(table: TableFacts, probe: Probe, rules: Lifecycle): readonly Attack[] {
  const steps = wrongSteps(table, probe, rules).slice(0, mostSteps);
  const around = waysAround(table, probe, rules);
  return [
    ...triedBy(['app'], [...beginnings(table, probe, rules), ...steps]),
    ...triedByBoth(around),
    ...triedBy(['owner'], [...steps.slice(0, 3), ...asReplica(probe, steps.slice(0, 3))]),
    ...(probe.dialect === 'sqlite' ? triedByOtherPrograms(around) : []),
  ];
}

const withStatus = ({ fresh }: Probe, { column }: Lifecycle, status: string): SqlRow => ({
  ...fresh,
  [column]: literal(status),
});

const beginnings = (table: TableFacts, probe: Probe, rules: Lifecycle): readonly Draft[] =>
  rules.statuses
    .filter((status) => !rules.initial.includes(status))
    .map((status) =>
      refused(`${rules.column} begins as ${status}`, insertRow(table.name, withStatus(probe, rules, status))),
    );

/** The allowed transitions to a status, the first status first. */
const wayTo = (rules: Lifecycle, status: string): readonly string[] => {
  const ways = new Map(rules.initial.map((begin) => [begin, [begin] as readonly string[]]));
  for (const [reached, way] of ways)
    for (const next of rules.transitions[reached] ?? []) if (!ways.has(next)) ways.set(next, [...way, next]);
  return ways.get(status) ?? [];
};

interface Move {
  readonly table: TableFacts;
  readonly probe: Probe;
  readonly rules: Lifecycle;
  readonly value: string;
  readonly also?: string;
}

const moveTo = ({ table, probe, rules: { column }, value, also = '' }: Move): string =>
  `UPDATE ${identifier(table.name)} SET ${identifier(column)} = ${value}${also} WHERE ${isFresh(table, probe)}`;

/** Values for nullable columns, which a CHECK may require together with a status. */
const companions = (table: TableFacts, probe: Probe, { column }: Lifecycle): readonly SqlRow[] => {
  const mayBeEmpty = Object.values(table.columns)
    .filter(({ name, nullable }) => nullable && name !== column && probe.values[name] !== undefined)
    .map(({ name }) => name);
  const filled = (names: readonly string[]): SqlRow =>
    Object.fromEntries(names.map((name) => [name, probe.values[name] ?? 'NULL']));
  const emptied = Object.fromEntries(mayBeEmpty.map((name) => [name, 'NULL']));
  return [{}, filled(mayBeEmpty), emptied, ...mayBeEmpty.slice(0, 12).map((name) => filled([name]))];
};

/** The statements that bring a new row to a status by allowed transitions. */
const arrivedAt = (
  table: TableFacts,
  probe: Probe,
  rules: Lifecycle,
  status: string,
): readonly (readonly string[])[] => {
  const [begin = '', ...moves] = wayTo(rules, status);
  const beside = companions(table, probe, rules);
  return [
    beside.map((also) => insertRow(table.name, { ...withStatus(probe, rules, begin), ...also })),
    ...moves.map((to) =>
      beside.map((also) => {
        const assignments = Object.entries(also).map(([name, value]) => `, ${identifier(name)} = ${value}`);
        return moveTo({ table, probe, rules, value: literal(to), also: assignments.join('') });
      }),
    ),
  ];
};

/** An attack that must be refused once a row has a status. */
const afterwards = (preparation: Draft['preparation'], name: string, statement: string): Draft => ({
  ...refused(name, statement),
  ...(preparation ? { preparation } : {}),
});

const wrongSteps = (table: TableFacts, probe: Probe, rules: Lifecycle): readonly Draft[] =>
  rules.statuses.flatMap((from) =>
    rules.statuses
      .filter((to) => to !== from && !mayGo(rules, from, to))
      .map((to) =>
        afterwards(
          arrivedAt(table, probe, rules, from),
          `${rules.column} from ${from} to ${to}`,
          moveTo({ table, probe, rules, value: literal(to) }),
        ),
      ),
  );

/** Changes of a status other than by UPDATE. */
const waysAround = (table: TableFacts, probe: Probe, rules: Lifecycle): readonly Draft[] => {
  const name = identifier(table.name);
  const status = identifier(rules.column);
  const [final] = rules.statuses.filter((each) => (rules.transitions[each] ?? []).length === 0);
  const [begin = ''] = rules.initial;
  const last = final ?? rules.statuses.find((each) => !mayGo(rules, begin, each) && each !== begin);
  if (last === undefined || last === begin) return [];
  const there = arrivedAt(table, probe, rules, last);
  const beginning = columnsAndValues(withStatus(probe, rules, begin), givenKeys(table, probe));
  return [
    afterwards(there, `${rules.column} becomes NULL`, moveTo({ table, probe, rules, value: 'NULL' })),
    // an enum of another tool refuses such a text itself
    ...(rules.isNative
      ? []
      : [
          afterwards(
            there,
            `${rules.column} becomes an undeclared status`,
            moveTo({ table, probe, rules, value: literal('prove') }),
          ),
        ]),
    ...(hasWholeKey(table, probe)
      ? [
          afterwards(
            there,
            `an upsert takes ${rules.column} from ${last} to ${begin}`,
            `INSERT INTO ${name} ${beginning} ON CONFLICT (${table.primaryKey.columns.map(identifier).join(', ')}) DO UPDATE SET ${status} = ${literal(begin)}`,
          ),
        ]
      : []),
    ...(hasWholeKey(table, probe) && probe.dialect === 'sqlite'
      ? [
          afterwards(
            there,
            `REPLACE takes ${rules.column} from ${last} to ${begin}`,
            `INSERT OR REPLACE INTO ${name} ${beginning}`,
          ),
        ]
      : []),
  ];
};
