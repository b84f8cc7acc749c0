import { readFileSync } from 'node:fs';

/** The version in the package's own package.json, both from the sources and from what was built. */
export const version = (): string => {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
    } catch {
      // not there: the other one is
    }
  }
  return 'unknown';
};
