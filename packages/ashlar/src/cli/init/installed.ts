import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Returns the path of a module as a file of the folder would import it; `undefined` if it is not installed. */
export function resolveFrom(directory: string, specifier: string): string | undefined {
  try {
    return createRequire(join(directory, 'package.json')).resolve(specifier);
  } catch {
    return undefined;
  }
}

/** Whether a file of the folder can import the package. */
export function isInstalled(directory: string, name: string): boolean {
  if (resolveFrom(directory, `${name}/package.json`) !== undefined) return true;
  try {
    createRequire(join(directory, 'package.json')).resolve(name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}

/** Returns the version of an installed package; `undefined` if it is not installed or hides its package.json. */
export async function installedVersion(directory: string, name: string): Promise<string | undefined> {
  const path = resolveFrom(directory, `${name}/package.json`);
  if (path === undefined) return undefined;
  const { version } = JSON.parse(await readFile(path, 'utf8')) as { version?: string };
  return version;
}
