import { AshlarError } from '../../../errors.js';

type Row = readonly unknown[];

/** An open result set, whose remaining rows can be read into memory ahead of its reader. */
export class OpenStream {
  readonly #rows: IterableIterator<Row>;
  #ahead: Iterator<Row> | undefined;
  #closed = false;

  constructor(rows: IterableIterator<Row>) {
    this.#rows = rows;
  }

  next(): Row | undefined {
    if (this.#closed) {
      throw new AshlarError('session-ended', {
        message: 'The rows of a session were read after the session had ended.',
        suggestion: 'Read all rows inside the session’s callback.',
      });
    }
    const { done, value } = (this.#ahead ?? this.#rows).next();
    return done ? undefined : value;
  }

  drain(): void {
    this.#ahead ??= [...this.#rows].values();
  }

  close(): void {
    this.#closed = true;
    if (!this.#ahead) this.#rows.return?.();
  }
}
