import { mkdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically, writeNewFile } from '../../files/write.js';

const forEveryone = 0o644;

/** Writes files, and can take back everything that it wrote. */
export class Changes {
  readonly #undo: (() => Promise<unknown>)[] = [];

  /** Creates a file and the folders above it. Throws errors of the file system, `EEXIST` if the file exists. */
  async create(path: string, text: string): Promise<void> {
    await this.#folder(dirname(path));
    await writeNewFile(path, text, forEveryone);
    this.#undo.push(() => rm(path, { force: true }));
  }

  /** Gives a file, which `before` is the content of, another content. Creates it where `before` is `undefined`. */
  async change(path: string, before: string | undefined, text: string): Promise<void> {
    if (before === undefined) return this.create(path, text);
    const file = await realpath(path);
    const { mode } = await stat(file);
    await writeAtomically(file, text, mode);
    this.#undo.push(() => writeAtomically(file, before, mode));
  }

  /** Lets somebody else fill a folder that does not exist yet. */
  async filled(path: string): Promise<void> {
    await this.#folder(dirname(path));
    this.#undo.push(() => rm(path, { recursive: true, force: true }));
  }

  /** Takes everything back, the last first. Folders that hold files of others stay. */
  async undo(): Promise<void> {
    for (const step of this.#undo.reverse()) await step();
  }

  async #folder(path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    const made: string[] = [];
    for (let folder = path; folder !== dirname(first); folder = dirname(folder)) made.push(join(folder));
    this.#undo.push(async () => {
      for (const folder of made) await rmdir(folder).catch(() => undefined);
    });
  }
}
