import { readdir, readFile } from 'node:fs/promises';
import { newStep } from 'ashlar/migrations';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { asSystem } from './every-guarantee.js';

/** The files of the first step. A worker writes it once: to try a step of all guarantees takes a second of a processor. */
let initial: Promise<Readonly<Record<string, string>>> | undefined;

const writtenOnce = async (): Promise<Readonly<Record<string, string>>> => {
  const folder = await makeFolder();
  try {
    await newStep(asSystem(folder.url), folder.url, 'initial');
    const entries = await readdir(folder.path, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.path.length + 1));
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(`${folder.path}/${name}`, 'utf8')])),
    );
  } finally {
    await folder.remove();
  }
};

/** A folder of its own with the first step of the system that has every guarantee. */
export async function everyFolder(): Promise<Folder> {
  initial ??= writtenOnce();
  const files = await initial;
  const folder = await makeFolder();
  await folder.write(files);
  return folder;
}
