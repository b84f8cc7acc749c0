import type { StepFunction } from 'ashlar/migrations';

/** The earlier release computes its keys again whenever a name is written. */
export const down: StepFunction = async () => undefined;
