/** One side of a comparison: runs `count` operations and resolves when all are done. */
export type Contender = (count: number) => Promise<void> | void;

/** Two contenders and the number of operations per round. */
export interface Comparison {
  readonly name: string;
  readonly operations: number;
  readonly peer: Contender;
  readonly ours: Contender;
}

/** The result of a comparison. */
export interface Outcome {
  readonly name: string;
  /** Operations per second: the median of the rounds. */
  readonly peer: number;
  readonly ours: number;
  /** Our rate ÷ the peer's: the median of the ratios per round, and their range. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Returns the median of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const rate = async (run: Contender, operations: number): Promise<number> => {
  const start = performance.now();
  await run(operations);
  return operations / ((performance.now() - start) / 1_000);
};

/**
 * Runs both contenders alternately after one warm-up round. The order reverses every other round, so that noise of the
 * machine affects both equally.
 */
export async function compare(comparison: Comparison, rounds: number): Promise<Outcome> {
  const { peer, ours, operations } = comparison;
  const rates: { peer: number; ours: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    let peerRate: number;
    let ourRate: number;
    if (round % 2) {
      peerRate = await rate(peer, operations);
      ourRate = await rate(ours, operations);
    } else {
      ourRate = await rate(ours, operations);
      peerRate = await rate(peer, operations);
    }
    if (round > 0) rates.push({ peer: peerRate, ours: ourRate });
  }
  const ratios = rates.map((r) => r.ours / r.peer);
  return {
    name: comparison.name,
    peer: median(rates.map((r) => r.peer)),
    ours: median(rates.map((r) => r.ours)),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}
