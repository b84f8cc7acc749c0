import type { StepFunction } from 'ashlar/migrations';

/** The column is dropped by the step below; its values can be computed again. */
export const down: StepFunction = async () => undefined;
