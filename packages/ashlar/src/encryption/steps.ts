/** An SQL statement with its parameters. */
export interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}
/** The rows that a statement returns. */
export type Rows = readonly Record<string, unknown>[];

/**
 * A generator that yields SQL statements and receives their rows; it runs on synchronous and asynchronous engines
 * alike.
 */
export type Steps<T> = Generator<Query, T, Rows>;

/**
 * The value that a generator of type {@link Steps} returns, or the error that it throws. The error of a statement is
 * thrown instead.
 */
export type StepsResult<T> = { readonly value: T } | { readonly error: unknown };

const advance = <T>(steps: Steps<T>, rows: Rows): IteratorResult<Query, T> | { readonly error: unknown } => {
  try {
    return steps.next(rows);
  } catch (error) {
    return { error };
  }
};

/** Runs a generator of type {@link Steps} on an engine that runs statements synchronously. */
export function runStepsNow<T>(steps: Steps<T>, run: (query: Query) => Rows): StepsResult<T> {
  let next = advance(steps, []);
  while (!('error' in next) && !next.done) next = advance(steps, run(next.value));
  return 'error' in next ? next : { value: next.value as T };
}

/** Runs a generator of type {@link Steps} on an engine that runs statements asynchronously. */
export async function runSteps<T>(
  steps: Steps<T>,
  run: (query: Query) => Rows | Promise<Rows>,
): Promise<StepsResult<T>> {
  let next = advance(steps, []);
  while (!('error' in next) && !next.done) next = advance(steps, await run(next.value));
  return 'error' in next ? next : { value: next.value as T };
}

/** Returns the value of a {@link StepsResult}, or throws its error. @throws the error of the steps */
export function resultOf<T>(result: StepsResult<T>): T {
  if ('error' in result) throw result.error;
  return result.value;
}
