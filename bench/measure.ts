/** One of the things compared: runs `count` operations and resolves when all are done. */
export type Contender = (count: number) => Promise<void> | void;

export interface Comparison {
  readonly name: string;
  readonly operations: number;
  readonly raw: Contender;
  readonly ashlar: Contender;
}

export interface Outcome {
  readonly name: string;
  /** Operations a second: medians over the rounds. */
  readonly raw: number;
  readonly ashlar: number;
  /** ashlar's rate ÷ the raw driver's: the median of the rounds' own ratios, and the range. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The middle of some values. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

const rate = async (run: Contender, operations: number): Promise<number> => {
  const start = performance.now();
  await run(operations);
  return operations / ((performance.now() - start) / 1_000);
};

/** Runs both in turn, the order reversed every other round, after one warm-up round: a noisy machine hits both alike. */
export const compare = async (comparison: Comparison, rounds: number): Promise<Outcome> => {
  const { raw, ashlar, operations } = comparison;
  const rates: { raw: number; ashlar: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    let rawRate: number;
    let ashlarRate: number;
    if (round % 2) {
      rawRate = await rate(raw, operations);
      ashlarRate = await rate(ashlar, operations);
    } else {
      ashlarRate = await rate(ashlar, operations);
      rawRate = await rate(raw, operations);
    }
    if (round > 0) rates.push({ raw: rawRate, ashlar: ashlarRate });
  }
  const ratios = rates.map((r) => r.ashlar / r.raw);
  return {
    name: comparison.name,
    raw: median(rates.map((r) => r.raw)),
    ashlar: median(rates.map((r) => r.ashlar)),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
};
