import { AshlarError } from '../errors.js';

/** A span of time; its parts are added up. */
export interface Span {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

const lengths = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000, milliseconds: 1 };

/** The clock of a test database. It stands still until the test moves it. */
export class TestClock {
  #time: number | undefined;

  /** @param time - a time; `undefined` for the database's own clock, which cannot be moved */
  constructor(time: Date | string | undefined) {
    this.#time = time === undefined ? undefined : parsed(time);
  }

  /** Returns the time that the clock shows. */
  now(): Date {
    return new Date(this.#time ?? Date.now());
  }

  /** Sets the clock to a time, given as a `Date` or as ISO 8601 text. @throws AshlarError `usage` */
  set(time: Date | string): void {
    this.#assertMovable();
    this.#time = parsed(time);
  }

  /** Moves the clock forward. @throws AshlarError `usage` */
  advance(span: Span): void {
    const by = Object.entries(lengths).reduce(
      (sum, [unit, length]) => sum + length * (span[unit as keyof Span] ?? 0),
      0,
    );
    this.set(new Date(this.now().getTime() + by));
  }

  #assertMovable(): void {
    if (this.#time !== undefined) return;
    throw new AshlarError('usage', {
      message: 'This test database uses the clock of its database, which cannot be moved.',
      suggestion: "Give it a clock: testDatabase(system, { clock: '2026-01-31T09:00:00Z' }).",
    });
  }
}

const parsed = (time: Date | string): number => {
  const milliseconds = new Date(time).getTime();
  if (!Number.isNaN(milliseconds)) return milliseconds;
  throw new AshlarError('usage', {
    message: 'The time for a test clock is not a valid time.',
    suggestion: "Give a Date or ISO 8601 text: '2026-01-31T09:00:00Z'.",
  });
};
