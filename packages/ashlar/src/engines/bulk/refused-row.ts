/** A row that the target refuses while rows are loaded. The message of the engine may quote a value, so it is left out. */
export class RefusedRow extends Error {
  /** Its place among the rows that were written since the loading began, from 0. */
  readonly at: number;
  readonly what: string;
  readonly constraint: string | undefined;

  constructor(at: number, what: string, constraint?: string) {
    super(what);
    this.at = at;
    this.what = what;
    this.constraint = constraint;
  }
}
