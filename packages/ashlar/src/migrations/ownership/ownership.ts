import type { Schema } from '../../contract/schema.js';
import { AshlarError } from '../../errors.js';
import { type OmittedObjects, omittedAfter } from '../omitted.js';
import type { SqlBody } from '../steps.js';
import { commentsOf, keysOf, renamedKey } from './keys.js';

/** Who made the objects of a schema that steps made; each object as `objectKey` names it. */
export interface Ownership {
  /** Objects that generated steps made: a later one drops them when the model no longer declares them. */
  readonly made: ReadonlySet<string>;
  /** Objects that people made, and comments that they wrote: generated steps keep them. */
  readonly foreign: ReadonlySet<string>;
  /** Objects of steps without directives, from before there were any: it is not known who made them. */
  readonly unknown: ReadonlySet<string>;
  /** Objects that shadow databases are made without. */
  readonly omitted: OmittedObjects;
}

/** Follows who made the objects of a schema, while steps run one after another. */
export class OwnershipLedger {
  readonly #made = new Set<string>();
  readonly #foreign = new Set<string>();
  readonly #unknown = new Set<string>();
  #comments: ReadonlyMap<string, string> = new Map();
  #omitted: OmittedObjects = new Map();
  #isDirected = false;

  /**
   * Records a step that has run.
   *
   * @param schema - the schema after it
   * @throws AshlarError `migration-invalid` if the step does not make an object that its directives say it makes
   */
  record(step: string, body: SqlBody, schema: Schema): void {
    const { ownership: lines } = body;
    const comments = commentsOf(schema);
    const present = keysOf(schema);
    this.#omitted = omittedAfter(this.#omitted, body);
    this.#isDirected ||= lines !== undefined;
    for (const [from, to] of lines?.renames ?? []) this.#rename(from, to);
    for (const key of lines?.makes ?? []) {
      if (!present.has(key)) throw notMade(step, key);
      this.#forget(key);
      this.#made.add(key);
    }
    for (const key of lines?.keeps ?? []) {
      this.#forget(key);
      this.#foreign.add(key);
    }
    const appeared = this.#isDirected ? this.#foreign : this.#unknown;
    for (const key of present) if (!this.#owns(key)) appeared.add(key);
    for (const set of [this.#made, this.#foreign, this.#unknown])
      for (const key of [...set]) if (!present.has(key) && !comments.has(key)) set.delete(key);
    for (const [key, text] of comments) {
      if (this.#comments.get(key) === text) continue;
      if (lines) this.#foreign.delete(key);
      else this.#foreign.add(key);
    }
    this.#comments = comments;
  }

  get ownership(): Ownership {
    return {
      made: new Set(this.#made),
      foreign: new Set(this.#foreign),
      unknown: new Set(this.#unknown),
      omitted: this.#omitted,
    };
  }

  #owns(key: string): boolean {
    return this.#made.has(key) || this.#foreign.has(key) || this.#unknown.has(key);
  }

  #forget(key: string): void {
    for (const set of [this.#made, this.#foreign, this.#unknown]) set.delete(key);
  }

  #rename(from: string, to: string): void {
    for (const set of [this.#made, this.#foreign, this.#unknown]) {
      for (const key of [...set]) {
        const now = renamedKey(key, from, to);
        if (now === key) continue;
        set.delete(key);
        set.add(now);
      }
    }
    this.#comments = new Map([...this.#comments].map(([key, text]) => [renamedKey(key, from, to), text]));
  }
}

const notMade = (step: string, key: string): AshlarError =>
  new AshlarError('migration-invalid', {
    message: `Step ${step} says that it makes ${key}, and does not.`,
    detail: 'The directive is written by ashlar migrate new; the step was edited afterwards.',
    suggestion: `Remove the object from the directive "-- ashlar: makes", or restore the statement that makes it.`,
  });
