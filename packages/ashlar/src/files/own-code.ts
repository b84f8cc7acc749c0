import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../package-folder.js';

/**
 * Returns a text that is another one after a change of code: a hash of the name, the size and the time of each module in a folder
 * and below it. Modules of other packages are left out.
 */
export async function codeMark(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(folder, path).includes('node_modules'));
  const lines = await Promise.all(
    files.map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return `${relative(folder, path)} ${size} ${mtimeMs}`;
    }),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

let found: Promise<string> | undefined;

/** Returns the mark of this package's own code, which a release, a build and an edited checkout each change. */
export function ownCode(): Promise<string> {
  const folder = dirname(packageFile());
  // the folder of the package that this module is in, somewhere: that of the sources, or of the build
  const [own = ''] = relative(folder, fileURLToPath(import.meta.url)).split(sep);
  found ??= codeMark(join(folder, own));
  return found;
}
