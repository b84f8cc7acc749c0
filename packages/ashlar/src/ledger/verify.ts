import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Leaf, LedgerReader } from '../contract/ledger.js';
import { CheckpointTimes } from './checkpoint-times.js';
import { OlderRows } from './older-rows.js';
import type { KnownRoot, LedgerProblem } from './problems.js';
import { treeRoot } from './proofs.js';
import type { RetirementLines } from './retirement-lines.js';
import { isRecordPending, retiredWithin, verifyRetirements } from './retirements.js';
import { findRowProblems } from './rows.js';
import { TreeMarks } from './tree-marks.js';
import { type CompletedNode, TreeRebuild } from './tree-rebuild.js';

/** Options for the verification of a ledger. */
export interface VerifyOptions {
  /**
   * A root hash that was verified earlier: the leaves that it covers are compared only by this root, and all later
   * leaves are verified.
   */
  readonly trusted?: KnownRoot | undefined;
  /** The root hashes of signed checkpoints, each of which the tree must have had at the checkpoint's size. */
  readonly checkpoints?: readonly KnownRoot[] | undefined;
  /** The number of leaves to hold in memory at a time, fewer where their entries are large. Default 5,000. */
  readonly chunk?: number | undefined;
  /**
   * The mark of the reader before everything was sealed: what it shows and has no leaf is a problem. `undefined` if it could
   * not be sealed.
   */
  readonly mark?: string | undefined;
  /** The time with which the times of retirements are compared. Default: the present time of this process. */
  readonly now?: Date | undefined;
}

/** The result of a ledger's verification: its head, the number of leaves that were compared, and the problems. */
export interface Verification {
  readonly log: string;
  readonly size: number;
  readonly root: Buffer;
  /** The number of leaves that were compared with their entries and rows. */
  readonly checked: number;
  /** The position after the last one whose entry and row were purged by retention, by the recorded retirements. */
  readonly firstProvable: number;
  /** The number of positions whose entries and rows were purged by retention. */
  readonly retired: number;
  /**
   * What cannot be verified, one line for each reason. A retirement is verified if a signed checkpoint from before its cutoff has
   * its positions. With `trusted` it says nothing of the retirements that this checkpoint signs.
   */
  readonly unverified: readonly string[];
  /** The number of recorded retirements, and their digest; `undefined` where the ledger records none. */
  readonly retirements: RetirementLines | undefined;
  readonly rowsPerSecond: number;
  /** The first problems, at most 20: problems of rows come first, in the order of the log. */
  readonly problems: readonly LedgerProblem[];
}

const mostProblems = 20;

/**
 * Verifies a ledger: compares each leaf with its entry, each entry with its row, and the stored hashes, blocks and
 * checkpoints with a tree rebuilt from the leaves. The reader must see one snapshot. Without `trusted` it reads the
 * whole ledger, in constant memory; with it, only the leaves after that size.
 */
export async function verifyEntries(
  reader: LedgerReader,
  { trusted, checkpoints = [], chunk = 5_000, mark, now = new Date() }: VerifyOptions = {},
): Promise<Verification> {
  const start = performance.now();
  const rows: LedgerProblem[] = [];
  const head = await reader.head();
  const { tree, from, problem } = await begin(reader, trusted);
  const marks = new TreeMarks(reader, checkpoints, from);
  if (problem) marks.problems.push(problem);
  await marks.before(from);
  marks.at(tree, undefined);

  const times = new CheckpointTimes(checkpoints, now);
  // an entry beyond a checkpoint was not there when it was signed
  const notBefore = (position: number) => times.upTo(position);
  const older = new OlderRows(reader, trusted ? [trusted, ...checkpoints] : checkpoints);
  const isPending = await isRecordPending(reader, times.signsRetirements);
  const mayLack = (position: number): boolean => isPending && position < (head?.firstProvable ?? 0);
  while (rows.length < mostProblems) {
    const leaves = await reader.leaves(tree.size, chunk);
    if (leaves.length === 0) break;
    // SQLite answers synchronously: without this a verification would block timers and signals
    await nextTurn();
    const { consecutive, gap } = unbroken(leaves, tree.size);
    const isRetired = await retiredWithin(reader, tree.size, tree.size + consecutive.length);
    rows.push(...(await findRowProblems(reader, consecutive, { isRetired, mayLack, notBefore, older })));
    await marks.load(tree.size + consecutive.length);
    const completed: CompletedNode[] = [];
    for (const leaf of consecutive) {
      completed.push(...tree.append(leaf.hash));
      marks.at(tree, leaf.rowKey);
    }
    await marks.compareNodes(completed);
    if (gap) {
      rows.push({ position: tree.size, row_key: null, what: 'the leaf at this position is missing' });
      break;
    }
  }
  if (rows.length < mostProblems) await marks.after(tree, head);
  if (await reader.isAhead())
    rows.push({
      position: null,
      row_key: null,
      what: 'the head claims to have sealed what was never written, so that sealing leaves rows out',
    });
  if (mark !== undefined) rows.push(...(await findLeftOut(reader, mark, from)));
  const retirements = await verifyRetirements(reader, {
    size: tree.size,
    times,
    trusted: from === 0 ? undefined : trusted,
    now,
    isPending,
  });
  if (from === 0 && rows.length === 0 && retirements.problems.length === 0 && !isPending)
    rows.push(...(await findCopies(reader, tree.size - retirements.retired)));
  const checked = tree.size - from;
  return {
    log: reader.log,
    size: tree.size,
    root: tree.frontier.root(),
    checked,
    firstProvable: retirements.firstProvable,
    retired: retirements.retired,
    unverified: [...times.unverified, ...retirements.unverified],
    retirements: retirements.lines,
    rowsPerSecond: Math.round(checked / ((performance.now() - start) / 1_000)),
    problems: [...rows, ...retirements.problems, ...marks.problems].slice(0, mostProblems),
  };
}

/**
 * Verifies one row of a ledger: the row matches its entry, the entry matches its leaf, and the newest block matches
 * the tree. Its cost does not grow with the ledger.
 *
 * @returns the first problem; `undefined` where there is none
 */
export async function verifyRow(reader: LedgerReader, rowKey: string): Promise<string | undefined> {
  const leaf = await reader.leafOf(rowKey);
  const found = leaf ?? (await reader.entryOf(rowKey));
  if (!found) return lacking.entry;
  // a file seals before COMMIT: in an open transaction an entry may wait
  if (!leaf && reader.dialect === 'postgres') return lacking.leaf;
  const [problem] = await findRowProblems(reader, [found]);
  if (problem) return problem.what;
  const block = await reader.lastBlock();
  if (!block) return undefined;
  const root = await treeRoot(reader, block.size).catch(() => undefined);
  return root?.equals(block.root) ? undefined : 'the newest block does not match the tree';
}

const lacking = { entry: 'the row has no entry', leaf: 'the entry has no leaf: sealing left it out' };

const findLeftOut = async (
  reader: LedgerReader,
  mark: string,
  from: number,
): Promise<readonly LedgerProblem[]> => {
  const found = await reader.leftOut(mark, from, mostProblems);
  return found.map(({ rowKey, lacks }) => ({ position: null, row_key: rowKey, what: lacking[lacks] }));
};

/** Each leaf has its row, and each row its leaf: then a row is there twice if there are more rows than leaves. */
const findCopies = async (reader: LedgerReader, expected: number): Promise<readonly LedgerProblem[]> => {
  const surplus = (await reader.rowCount()) - (await reader.unsealed()) - expected;
  if (surplus === 0) return [];
  const what = `the table has ${Math.abs(surplus)} ${surplus > 0 ? 'more' : 'fewer'} rows than the ledger has entries`;
  return [{ position: null, row_key: null, what }];
};

/** Where to start: after the trusted leaves if the stored tree has their root, else at the first leaf. */
const begin = async (reader: LedgerReader, trusted: KnownRoot | undefined) => {
  const whole = async (problem?: LedgerProblem) => ({
    tree: await TreeRebuild.from(reader, 0),
    from: 0,
    problem,
  });
  if (!trusted || trusted.size === 0) return whole();
  const [last] = await reader.nodes(0, trusted.size - 1, trusted.size);
  const root = last && (await treeRoot(reader, trusted.size).catch(() => undefined));
  if (root?.equals(trusted.root)) {
    return { tree: await TreeRebuild.from(reader, trusted.size), from: trusted.size, problem: undefined };
  }
  // the stored tree contradicts the trusted root: everything is verified, to find out where
  const what = last
    ? `the root of the first ${trusted.size} leaves differs from ${trusted.source}`
    : `the ledger has fewer than the ${trusted.size} leaves of ${trusted.source}`;
  return whole({ position: null, row_key: null, what });
};

const unbroken = (leaves: readonly Leaf[], from: number): { consecutive: readonly Leaf[]; gap: boolean } => {
  const broken = leaves.findIndex(({ position }, at) => position !== from + at);
  return broken < 0
    ? { consecutive: leaves, gap: false }
    : { consecutive: leaves.slice(0, broken), gap: true };
};
