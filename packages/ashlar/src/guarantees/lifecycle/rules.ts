/** For each status, the statuses it may change to. A status that is left out, or has an empty list, is final. */
export type Transitions = Readonly<Record<string, readonly string[]>>;

/** A status column, its initial statuses and its allowed transitions. */
export interface Lifecycle {
  readonly column: string;
  /** Whether the column has a type of another tool, such as an enum. */
  readonly isNative: boolean;
  readonly statuses: readonly string[];
  readonly initial: readonly string[];
  readonly transitions: Transitions;
}

/** Whether the lifecycle allows the status `from` to change to the status `to`. */
export function mayGo({ transitions }: Lifecycle, from: string, to: string): boolean {
  return transitions[from]?.includes(to) ?? false;
}
