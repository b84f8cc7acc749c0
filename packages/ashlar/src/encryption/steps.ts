/** One statement with its parameters. */
export interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}
/** The rows that a statement returned. */
export type Rows = readonly Record<string, unknown>[];

/**
 * Work that yields statements and continues with their rows. It is written once, and runs on synchronous and on
 * asynchronous engines.
 */
export type Steps<T> = Generator<Query, T, Rows>;

/** How steps ended: with a value, or with an error that the steps threw. An error of a statement is thrown instead. */
export type StepsResult<T> = { readonly value: T } | { readonly error: unknown };

const advance = <T>(steps: Steps<T>, rows: Rows): IteratorResult<Query, T> | { readonly error: unknown } => {
  try {
    return steps.next(rows);
  } catch (error) {
    return { error };
  }
};

/** Runs steps to their end on a synchronous engine. @throws what `run` throws */
export function runStepsNow<T>(steps: Steps<T>, run: (query: Query) => Rows): StepsResult<T> {
  let next = advance(steps, []);
  while (!('error' in next) && !next.done) next = advance(steps, run(next.value));
  return 'error' in next ? next : { value: next.value as T };
}

/** Runs steps to their end on an asynchronous engine. @throws what `run` throws */
export async function runSteps<T>(
  steps: Steps<T>,
  run: (query: Query) => Rows | Promise<Rows>,
): Promise<StepsResult<T>> {
  let next = advance(steps, []);
  while (!('error' in next) && !next.done) next = advance(steps, await run(next.value));
  return 'error' in next ? next : { value: next.value as T };
}

/** The value of steps. @throws the error with which they ended */
export function resultOf<T>(result: StepsResult<T>): T {
  if ('error' in result) throw result.error;
  return result.value;
}
