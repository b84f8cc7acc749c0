import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Leaf, LedgerReader } from '../contract/ledger.js';
import type { KnownRoot, LedgerProblem } from './problems.js';
import { treeRoot } from './proofs.js';
import { wrongRows } from './rows.js';
import { TreeMarks } from './tree-marks.js';
import { type Completed, TreeWalk } from './walk.js';

/** How to verify. */
export interface VerifyOptions {
  /** Leaves before this were verified then: only their root is compared, and what came after is verified. */
  readonly trusted?: KnownRoot | undefined;
  /** Roots that the ledger must have had at their sizes. */
  readonly checkpoints?: readonly KnownRoot[] | undefined;
  /** How many leaves are in memory at once. Default 5,000. */
  readonly chunk?: number | undefined;
}

/** What a verification found. */
export interface Verification {
  readonly log: string;
  readonly size: number;
  readonly root: Buffer;
  /** How many leaves were compared with their entries and rows. */
  readonly checked: number;
  /** From where on entries and rows must be there; those before have left by way of retention. */
  readonly firstProvable: number;
  readonly rowsPerSecond: number;
  /** Rows first, in the order of the log; at most 20. */
  readonly problems: readonly LedgerProblem[];
}

const mostProblems = 20;

/**
 * Compares a ledger with itself, its table and what is known from elsewhere: each leaf with its entry, each entry with
 * its row, each stored hash, block and checkpoint with the tree that the leaves make. The reader must see one snapshot.
 * Without `trusted` it reads everything, in constant memory; with it, only what came after, whatever came before.
 */
export async function verifyLedger(
  reader: LedgerReader,
  { trusted, checkpoints = [], chunk = 5_000 }: VerifyOptions = {},
): Promise<Verification> {
  const start = performance.now();
  const rows: LedgerProblem[] = [];
  const head = await reader.head();
  const firstProvable = head?.firstProvable ?? 0;
  const { walk, from, problem } = await begin(reader, trusted);
  const marks = new TreeMarks(reader, checkpoints, from);
  if (problem) marks.problems.push(problem);
  await marks.before(from);
  marks.at(walk, undefined);

  while (rows.length < mostProblems) {
    const leaves = await reader.leaves(walk.size, chunk);
    if (leaves.length === 0) break;
    // SQLite answers in the same turn: without this a whole verification would keep timers and signals waiting
    await nextTurn();
    const { sound, gap } = unbroken(leaves, walk.size);
    rows.push(...(await wrongRows(reader, sound, firstProvable)));
    await marks.load(walk.size + sound.length);
    const completed: Completed[] = [];
    for (const leaf of sound) {
      completed.push(...walk.append(leaf.hash));
      marks.at(walk, leaf.rowKey);
    }
    await marks.compareNodes(completed);
    if (gap) {
      rows.push({ position: walk.size, row_key: null, what: 'the leaf at this position is missing' });
      break;
    }
  }
  if (rows.length < mostProblems) await marks.after(walk, head);
  if (!trusted) {
    const waiting = await reader.waiting(chunk);
    rows.push(...(await wrongRows(reader, waiting, firstProvable)));
    for (const key of await reader.strays(mostProblems))
      rows.push({ position: null, row_key: key, what: 'the row has no entry' });
  }
  const checked = walk.size - from;
  return {
    log: reader.log,
    size: walk.size,
    root: walk.frontier.root(),
    checked,
    firstProvable,
    rowsPerSecond: Math.round(checked / ((performance.now() - start) / 1_000)),
    problems: [...rows, ...marks.problems].slice(0, mostProblems),
  };
}

/**
 * Looks at one row: its entry, its leaf, and whether the newest block is that of the tree. It costs the same however large
 * the ledger is.
 *
 * @returns what is wrong first; `undefined` for nothing
 */
export async function verifyRow(reader: LedgerReader, rowKey: string): Promise<string | undefined> {
  const found = (await reader.leafOf(rowKey)) ?? (await reader.entryOf(rowKey));
  if (!found) return 'the row has no entry';
  const [problem] = await wrongRows(reader, [found], 0);
  if (problem) return problem.what;
  const block = await reader.lastBlock();
  if (!block) return undefined;
  const root = await treeRoot(reader, block.size).catch(() => undefined);
  return root?.equals(block.root) ? undefined : 'the newest block is not that of the tree';
}

/** Where the walk begins: after what is trusted, if the stored tree agrees with it. */
const begin = async (reader: LedgerReader, trusted: KnownRoot | undefined) => {
  const whole = async (problem?: LedgerProblem) => ({
    walk: await TreeWalk.from(reader, 0),
    from: 0,
    problem,
  });
  if (!trusted || trusted.size === 0) return whole();
  const [last] = await reader.nodes(0, trusted.size - 1, trusted.size);
  const root = last && (await treeRoot(reader, trusted.size).catch(() => undefined));
  if (root?.equals(trusted.root)) {
    return { walk: await TreeWalk.from(reader, trusted.size), from: trusted.size, problem: undefined };
  }
  // what was trusted does not hold: everything is looked at, to find out where
  const what = last
    ? `the first ${trusted.size} leaves have another root than in ${trusted.source}`
    : `there are fewer leaves than the ${trusted.size} of ${trusted.source}`;
  return whole({ position: null, row_key: null, what });
};

const unbroken = (leaves: readonly Leaf[], from: number): { sound: readonly Leaf[]; gap: boolean } => {
  const broken = leaves.findIndex(({ position }, at) => position !== from + at);
  return broken < 0 ? { sound: leaves, gap: false } : { sound: leaves.slice(0, broken), gap: true };
};
