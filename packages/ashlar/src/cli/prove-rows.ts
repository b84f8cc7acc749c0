import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import { writeAtomically } from '../files/write.js';
import { rowsRead } from '../prove/data/report.js';
import {
  type DataEstimate,
  type DataPosition,
  type DataReport,
  findingsOf,
  proveData,
} from '../prove/index.js';
import type { System } from '../system/system.js';
import type { Invocation } from './invocation.js';
import { ProgressBar } from './progress.js';
import { untilInterrupted } from './until-interrupted.js';

const number = (value: number): string => value.toLocaleString('en-US');

/** The positions of `prove --data`, by the names of systems, in a file from which it can go on; or nowhere. */
export class Positions {
  readonly #file: string | undefined;
  #known: Readonly<Record<string, DataPosition>> = {};
  #writtenAt = 0;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** Reads the file, if there is one. @throws AshlarError `usage` */
  async read(): Promise<void> {
    if (this.#file === undefined || !existsSync(this.#file)) return;
    try {
      this.#known = JSON.parse(await readFile(this.#file, 'utf8'));
    } catch (cause) {
      throw new AshlarError('usage', {
        message: `${this.#file} cannot be read as a position of \`ashlar prove --data\`.`,
        suggestion: 'Name a file that an earlier run wrote, or one that does not exist.',
        cause,
      });
    }
  }

  of(system: string): DataPosition | undefined {
    return this.#known[system];
  }

  /** Keeps a position; writes the file at most once a second, unless `now` is set. */
  async keep(position: DataPosition, now = false): Promise<void> {
    this.#known = { ...this.#known, [position.system]: position };
    if (this.#file === undefined || (!now && performance.now() - this.#writtenAt < 1_000)) return;
    await writeAtomically(this.#file, `${JSON.stringify(this.#known)}\n`, 0o600);
    this.#writtenAt = performance.now();
  }

  /** Removes the file, when nothing is left to go on from. */
  async clear(): Promise<void> {
    if (this.#file !== undefined) await rm(this.#file, { force: true });
  }
}

/** Checks every row of a system, with an estimate first and progress, and prints what it found. */
export async function proveRows(
  invocation: Invocation,
  owner: Engine,
  system: System,
  positions: Positions,
): Promise<DataReport> {
  const { out, streams } = invocation;
  const bar = new ProgressBar(streams.stderr, `rows of ${system.name}`);
  const stopping = () => out.note('\nstopping after this batch (Ctrl-C again exits at once)');
  let total = 0;
  const report = await untilInterrupted(stopping, (signal) =>
    proveData(owner, system, {
      from: positions.of(system.name),
      checkpoints: invocation.ledgerKeys(),
      signal,
      onEstimate: (estimate) => {
        total = estimate.reduce((sum, { rows }) => sum + rows, 0);
        out.note(estimateText(system.name, estimate));
      },
      onBatch: async (position) => {
        const done = rowsRead(position);
        bar.update({ done, total: Math.max(total, done), notes: position.at ? [position.at.table] : [] });
        await positions.keep(position);
      },
    }),
  ).finally(() => bar.end());
  await positions.keep(report.position, true);
  printRows(invocation, report);
  return report;
}

const estimateText = (system: string, estimate: readonly DataEstimate[]): string => {
  const rows = estimate.reduce((sum, each) => sum + each.rows, 0);
  const compared = estimate.reduce((sum, each) => sum + each.rows * each.checks, 0);
  const [largest] = estimate.toSorted((a, b) => b.rows - a.rows);
  const most =
    largest && largest.rows > 0 ? `; the largest table is ${largest.table} with ${number(largest.rows)}` : '';
  return `rows of ${system}: about ${number(rows)} rows in ${estimate.length} tables, ${number(compared)} checks of a row${most}`;
};

const printRows = ({ out }: Invocation, report: DataReport): void => {
  const findings = findingsOf(report);
  const read = `${number(report.rows)} rows of ${report.system}`;
  if (!report.complete) out.line(`${out.style('yellow', 'stopped')} after ${read}`);
  else if (report.ok) out.line(`${out.style('green', 'sound')} ${read}`);
  else out.line(`${out.style('red', 'not sound')} ${read}: ${findings.length} findings`);
  if (report.restarted)
    out.note('begun again: the database or the checks are not those of the position that was kept');
  if (report.earlier)
    out.note(
      `${number(report.earlier.rows)} of the rows were read by an earlier run, until ${report.earlier.until}`,
    );
  for (const line of findings) out.line(out.style('red', `  ${line}`));
};
