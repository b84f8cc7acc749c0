import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Runs `drizzle-kit push`, which compares the database with the schema and changes it.
 *
 * @param has - what the schema has: `policy`, `column`
 * @returns what it printed
 */
export async function drizzlePush(url: string, ...has: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      here('../../node_modules/drizzle-kit/bin.cjs'),
      'push',
      '--config',
      here('drizzle/drizzle.config.ts'),
      '--force',
    ],
    { cwd: here('.'), env: { ...process.env, TOOL_URL: url, TOOL_SCHEMA: has.join(' ') } },
  );
  return stdout;
}
