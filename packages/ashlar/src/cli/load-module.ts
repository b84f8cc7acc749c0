import { pathToFileURL } from 'node:url';

/** Loads a module of the project, in JavaScript or TypeScript. Throws what the module throws. */
export async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!/\.[cm]?ts$/.test(path)) return import(pathToFileURL(path).href);
  const { createJiti } = await import('jiti');
  return createJiti(import.meta.url, { moduleCache: false }).import(path);
}
