import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './postgres-mutants.js';

type Named = Pick<Mutant, 'kind' | 'name'>;

const keyOf = ({ kind, name }: Named): string => `${kind} ${name}`;

/**
 * What a run found of each mutant, in files of a folder: `NAME.jsonl` with one mutant a line, `NAME.total` with their number. A run
 * that ended goes on where it ended: what the file has is not tried again.
 */
export class Recorded<T extends Named> {
  readonly #file: string | undefined;
  readonly #found = new Map<string, T>();

  constructor(
    readonly folder: string | undefined,
    readonly name: string,
  ) {
    this.#file = folder === undefined ? undefined : join(folder, `${name}.jsonl`);
    if (this.#file === undefined || !existsSync(this.#file)) return;
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      // a run that was killed may have written half of its last line
      const end = line.endsWith('}') ? (JSON.parse(line) as T) : undefined;
      if (end) this.#found.set(keyOf(end), end);
    }
  }

  /** All that was found, by this run and by earlier ones. */
  get all(): readonly T[] {
    return [...this.#found.values()];
  }

  has(mutant: Named): boolean {
    return this.#found.has(keyOf(mutant));
  }

  add(found: T): void {
    this.#found.set(keyOf(found), found);
    if (this.#file !== undefined) appendFileSync(this.#file, `\n${JSON.stringify(found)}\n`);
  }

  /** Says how many mutants there are. */
  ofAll(total: number): void {
    if (this.folder !== undefined) writeFileSync(join(this.folder, `${this.name}.total`), String(total));
  }
}

/**
 * A sample of the mutants: one of `every`, chosen by what they are and by a seed, so that the same seed chooses the same ones
 * whatever was tried before.
 */
export function sampleOf(every: number, seed: string): (mutant: Named) => boolean {
  return (mutant) => {
    if (every <= 1) return true;
    const bytes = createHash('sha256')
      .update(`${seed}\n${keyOf(mutant)}`)
      .digest();
    return bytes.readUInt32BE(0) % every === 0;
  };
}
