import { readFileSync } from 'node:fs';

/** Returns the version in the package's own package.json, which is the same file for the sources and for the build. */
export function version(): string {
  const found: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof found === 'object' && found !== null && 'version' in found
    ? String(found.version)
    : 'unknown';
}
