import type { Catalogue, CataloguePart, Printing } from '../../contract/catalogue.js';
import { externalSecurity } from '../../engines/external-tables.js';

/** A fact that a database has otherwise than expected; `undefined` where one of the two does not have it. */
export interface FactDifference {
  readonly fact: string;
  readonly expected: string | undefined;
  readonly found: string | undefined;
}

/** One part in which a database differs from what its steps make. */
export interface Difference {
  /** `twice`: a further part of the same kind and name. Which of them the database acts by, a comparison cannot tell. */
  readonly what: 'missing' | 'extra' | 'differs' | 'twice';
  /** The part as the database has it; a missing one as the steps make it. */
  readonly part: CataloguePart;
  /** The facts that differ; empty unless `what` is `differs`. */
  readonly facts: readonly FactDifference[];
}

type Facts = CataloguePart['facts'];
type Keyed = ReadonlyMap<string, readonly CataloguePart[]>;

/** Compares a database with what its steps make, part by part. */
export function compareCatalogues(
  expected: Catalogue,
  found: Catalogue,
  printing?: Printing,
): readonly Difference[] {
  const print = printOf(expected.major === found.major, printing);
  const wanted = (printing?.inSchema(expected, found) ?? expected).parts;
  return [
    ...comparedParts(keyed(wanted.filter(isAlone)), keyed(found.parts.filter(isAlone)), print),
    ...comparedPartitions(wanted, found.parts, print),
  ];
}

const isAlone = ({ partition }: CataloguePart): boolean => partition === undefined;

const keyOf = ({ kind, on, name, identity }: CataloguePart): string =>
  JSON.stringify([kind, on ?? null, name, identity ?? null]);

const keyed = (parts: readonly CataloguePart[]): Keyed => {
  const found = new Map<string, CataloguePart[]>();
  for (const part of parts) {
    const key = keyOf(part);
    const same = found.get(key);
    if (same) same.push(part);
    else found.set(key, [part]);
  }
  return found;
};

const comparedParts = (expected: Keyed, found: Keyed, print: Print): readonly Difference[] => [
  ...[...expected].flatMap(([key, parts]) => comparedPairs(parts, found.get(key) ?? [], print)),
  ...[...found].flatMap(([key, parts]) => (expected.has(key) ? [] : comparedPairs([], parts, print))),
];

/** Compares the parts of one key, of which there is one, unless somebody made another. */
const comparedPairs = (
  expected: readonly CataloguePart[],
  found: readonly CataloguePart[],
  print: Print,
): readonly Difference[] => {
  const rest = [...found];
  const differences: Difference[] = [];
  for (const part of expected) {
    // of several, the one that is as expected
    const at = Math.max(
      0,
      rest.findIndex((each) => comparedFacts(part.facts, each.facts, print).length === 0),
    );
    const [real] = rest.splice(at, 1);
    if (!real) {
      differences.push({ what: 'missing', part, facts: [] });
      continue;
    }
    const facts = comparedFacts(part.facts, real.facts, print);
    if (facts.length > 0) differences.push({ what: 'differs', part: real, facts });
  }
  return [
    ...differences,
    ...rest.map(
      (part, at): Difference => ({
        what: at === 0 && expected.length === 0 ? 'extra' : 'twice',
        part,
        facts: [],
      }),
    ),
  ];
};

/** How the text of a fact is compared where it is not the same. */
type Print = (fact: string, text: string) => string;

const printOf = (isSameMajor: boolean, printing?: Printing): Print => {
  if (!printing) return (_, text) => text;
  const expression = isSameMajor
    ? printing.restored
    : (text: string): string => printing.loosely(printing.restored(text));
  return (fact, text) => {
    // a checkout of the steps can have other line ends
    if (fact === 'body') return text.replaceAll('\r\n', '\n');
    return written.has(fact) ? expression(text) : text;
  };
};

const written = new Set(['definition', 'default', 'computed', 'using', 'check', 'checks', 'SQL body']);

// a person may describe what no step does, and a tool may have policies of its own
const isFree = new Set(['comment', externalSecurity]);

/** Facts by which an extra part is judged; `on`, `name` and `place` say where one of another schema is. */
const judged = new Set([
  ...['calls', 'extension', 'hides', 'refuses', 'runs as', 'aggregates as owner'],
  ...['on', 'name', 'place'],
]);

const comparedFacts = (expected: Facts, found: Facts, print: Print): readonly FactDifference[] =>
  [...new Set([...Object.keys(expected), ...Object.keys(found)])].flatMap((fact) => {
    const [wanted, real] = [expected[fact], found[fact]];
    if (judged.has(fact)) return [];
    if (wanted === real || (isFree.has(fact) && wanted === undefined)) return [];
    if (wanted !== undefined && real !== undefined && print(fact, wanted) === print(fact, real)) return [];
    return [{ fact, expected: wanted, found: real }];
  });

/** Each partition is compared with one that the steps make: with the default partition of its table. */
const comparedPartitions = (
  expected: readonly CataloguePart[],
  found: readonly CataloguePart[],
  print: Print,
): readonly Difference[] => {
  const models = byPartition(expected);
  const partitions = byPartition(found);
  const missing = [...models.keys()].filter((name) => !partitions.has(name));
  return [
    ...missing.flatMap((name) => wholeOf(models.get(name) ?? [], 'missing')),
    ...[...partitions].flatMap(([name, parts]) => {
      const root = rootOf(parts);
      const model = models.get(name) ?? [...models.values()].find((each) => rootOf(each) === root);
      if (!model) return wholeOf(parts, 'extra');
      return (
        comparedParts(templated(model), templated(parts), print)
          .map(withNames)
          // objects of a partition have no names of their own
          .map((each) => (each.what === 'twice' ? { ...each, what: 'extra' as const } : each))
          .filter(({ what, part }) => what !== 'extra' || !isOfTable(part, expected, print))
      );
    }),
  ];
};

// a step that replaces a policy does so on its table, and maintenance gives it to the partitions
const isOfTable = (part: CataloguePart, expected: readonly CataloguePart[], print: Print): boolean =>
  part.kind === 'policy' &&
  expected.some(
    (each) =>
      each.partition === undefined &&
      keyOf(each) === keyOf(part) &&
      comparedFacts(each.facts, part.facts, print).length === 0,
  );

const isPartition = ({ kind }: CataloguePart): boolean => kind === 'partition';

const wholeOf = (parts: readonly CataloguePart[], what: 'missing' | 'extra'): readonly Difference[] =>
  parts.filter(isPartition).map((part) => ({ what, part, facts: [] }));

const rootOf = (parts: readonly CataloguePart[]): string | undefined => parts.find(isPartition)?.on;

const byPartition = (parts: readonly CataloguePart[]): ReadonlyMap<string, readonly CataloguePart[]> => {
  const found = new Map<string, CataloguePart[]>();
  for (const part of parts) {
    if (part.partition === undefined) continue;
    const list = found.get(part.partition) ?? [];
    list.push(part);
    found.set(part.partition, list);
  }
  return found;
};

// its columns and policies have the names of those of the table, which the maintenance does not choose
const isNamed = ({ kind }: CataloguePart): boolean => kind === 'column' || kind === 'policy';

/** The parts as they were, by their templated form. */
const originals = new WeakMap<CataloguePart, CataloguePart>();

const withNames = (difference: Difference): Difference => ({
  ...difference,
  part: originals.get(difference.part) ?? difference.part,
});

/** The parts of a partition, under keys without its name and without names that are made from it. */
const templated = (parts: readonly CataloguePart[]): Keyed => {
  const result = new Map<string, CataloguePart[]>();
  for (const part of parts) {
    const definition = withoutNames(part);
    const id = isPartition(part) ? '' : isNamed(part) ? part.name : (definition ?? part.name);
    const key = JSON.stringify([part.kind, id]);
    const written = definition === undefined ? part : { ...part, facts: { ...part.facts, definition } };
    originals.set(written, part);
    const same = result.get(key);
    if (same) same.push(written);
    else result.set(key, [written]);
  }
  return result;
};

const withoutNames = ({ name, partition = '', facts: { definition } }: CataloguePart): string | undefined =>
  definition
    ?.replace(/^(CREATE (?:UNIQUE )?(?:INDEX|TRIGGER|CONSTRAINT TRIGGER|RULE)) ("(?:[^"]|"")+"|\S+)/, '$1')
    .replaceAll(new RegExp(`(?<![\\w$"])"?${escaped(partition)}"?(?![\\w$"])`, 'g'), '{partition}')
    .replaceAll(new RegExp(`(?<![\\w$"])"?${escaped(name)}"?(?![\\w$"])`, 'g'), '{name}');

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
