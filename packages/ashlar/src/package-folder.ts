import { createRequire } from 'node:module';

/** Returns the path of this package's package.json. A built file is in a chunk, so no path relative to a module leads there. */
export function packageFile(): string {
  return createRequire(import.meta.url).resolve('ashlar/package.json');
}
