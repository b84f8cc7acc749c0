import { pathToFileURL } from 'node:url';

/**
 * Loads a module of the project, in JavaScript or TypeScript, by its absolute path.
 *
 * @param options - `isNew`: this process has just written the module, and may have loaded another one of this path
 */
export async function loadModule(
  path: string,
  { isNew = false }: { readonly isNew?: boolean } = {},
): Promise<Readonly<Record<string, unknown>>> {
  if (!/\.[cm]?ts$/.test(path)) return import(pathToFileURL(path).href);
  // loaded only here: most projects are built
  const { createJiti } = await import('jiti');
  return createJiti(import.meta.url, { moduleCache: !isNew }).import(path);
}
