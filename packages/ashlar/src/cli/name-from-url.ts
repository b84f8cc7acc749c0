import { basename, extname } from 'node:path';

/**
 * Returns a name for a system after its database: that of the file, or of the database on a server.
 *
 * @param otherwise - the name where the URL has none that a system can have
 */
export function nameFromUrl(url: string, otherwise: string): string {
  const path =
    /^postgres(ql)?:/.test(url) && URL.canParse(url) ? new URL(url).pathname : url.replace(/^\w+:/, '');
  const base = basename(path, extname(path)).toLowerCase();
  const name = base.replaceAll(/[^a-z0-9_-]+/g, '_').replace(/^[^a-z]+/, '');
  return name === '' || name === 'ashlar' ? otherwise : name;
}
