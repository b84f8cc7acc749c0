import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A migrations folder of its own, gone after the test. */
export interface Folder {
  readonly path: string;
  readonly url: URL;
  /** Writes files by their path in the folder. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Writes a step with the same SQL for every engine. */
  step(name: string, up: string, down?: string): Promise<void>;
  drop(name: string): Promise<void>;
  remove(): Promise<void>;
}

export const makeFolder = async (): Promise<Folder> => {
  const path = await mkdtemp(join(tmpdir(), 'ashlar-steps-'));
  const write: Folder['write'] = async (files) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), text);
    }
  };
  return {
    path,
    url: pathToFileURL(`${path}/`),
    write,
    step: (name, up, down) =>
      write(
        Object.fromEntries(
          ['sqlite', 'postgres'].flatMap((dialect) => [
            [`${name}/up.${dialect}.sql`, up],
            ...(down === undefined ? [] : [[`${name}/down.${dialect}.sql`, down]]),
          ]),
        ),
      ),
    drop: (name) => rm(join(path, name), { recursive: true }),
    remove: () => rm(path, { recursive: true, force: true }),
  };
};
