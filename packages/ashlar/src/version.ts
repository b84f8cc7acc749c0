import { readFileSync } from 'node:fs';
import { packageFile } from './package-folder.js';

/** Returns the version in the package's own package.json, which is the same file for the sources and for the build. */
export function version(): string {
  const found: unknown = JSON.parse(readFileSync(packageFile(), 'utf8'));
  return typeof found === 'object' && found !== null && 'version' in found
    ? String(found.version)
    : 'unknown';
}
