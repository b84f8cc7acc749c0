/** For each status, the statuses that may follow it. A status that is missing or has an empty list is final. */
export type Transitions = Readonly<Record<string, readonly string[]>>;

/** A status column with all its rules. */
export interface Lifecycle {
  readonly column: string;
  readonly statuses: readonly string[];
  readonly initial: readonly string[];
  readonly transitions: Transitions;
}

/** Whether a transition from one status to another is allowed. */
export function mayGo({ transitions }: Lifecycle, from: string, to: string): boolean {
  return transitions[from]?.includes(to) ?? false;
}
