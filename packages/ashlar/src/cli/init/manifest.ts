import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { AshlarError } from '../../errors.js';

const texts = z.record(z.string(), z.string()).optional();
const schema = z.object({
  type: z.string().optional(),
  scripts: texts,
  dependencies: texts,
  devDependencies: texts,
  peerDependencies: texts,
  optionalDependencies: texts,
  workspaces: z.unknown().optional(),
});

/** What `npm init` writes for a project that has no tests. */
const placeholder = 'echo "Error: no test specified" && exit 1';

/** The package.json of a project. */
export class Manifest {
  readonly path: string;
  /** The text of the file; `undefined` if there is none. */
  readonly text: string | undefined;
  readonly #data: z.infer<typeof schema>;
  /** Everything, in the order of the file. */
  readonly #whole: object;

  private constructor(path: string, text: string | undefined, whole: object) {
    this.path = path;
    this.text = text;
    this.#whole = whole;
    this.#data = schema.parse(whole);
  }

  /**
   * Reads the package.json of a folder. For a folder without one, its content is that of a new project of ES modules.
   *
   * @throws AshlarError `usage` if it is no JSON object of the form that package managers read
   */
  static async read(directory: string): Promise<Manifest> {
    const path = join(directory, 'package.json');
    const text = await readIfThere(path);
    if (text === undefined) {
      const name = basename(directory)
        .toLowerCase()
        .replaceAll(/[^a-z0-9-]+/g, '-')
        .replaceAll(/^-+|-+$/g, '');
      return new Manifest(path, undefined, { name: name || 'shop', private: true, type: 'module' });
    }
    try {
      return new Manifest(path, text, JSON.parse(withoutMark(text)) as object);
    } catch (cause) {
      throw new AshlarError('usage', {
        message: 'package.json cannot be read. Nothing was written.',
        detail: cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause),
        suggestion: 'Correct package.json, and run the command again.',
        cause,
      });
    }
  }

  get type(): string | undefined {
    return this.#data.type;
  }

  get hasWorkspaces(): boolean {
    return this.#data.workspaces !== undefined;
  }

  /** The script of this name; `undefined` also for the test that `npm init` writes, which only fails. */
  script(name: string): string | undefined {
    const script = this.#data.scripts?.[name];
    return script === placeholder ? undefined : script;
  }

  /** Whether the project depends on a package, in any way. */
  has(name: string): boolean {
    return this.rangeOf(name) !== undefined;
  }

  /** Returns the range of versions of a dependency. */
  rangeOf(name: string): string | undefined {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = this.#data;
    for (const group of [dependencies, devDependencies, peerDependencies, optionalDependencies])
      if (group?.[name] !== undefined) return group[name];
    return undefined;
  }

  /** Returns the text of the file with further scripts, in its own indentation and line ends. */
  withScripts(scripts: Readonly<Record<string, string>>): string {
    const text = this.text ?? '';
    const data = { ...this.#whole, scripts: { ...this.#data.scripts, ...scripts } };
    const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  ';
    const json = `${JSON.stringify(data, null, indent)}\n`;
    const lines = text.includes('\r\n') ? json.replaceAll('\n', '\r\n') : json;
    return `${text.startsWith(mark) ? mark : ''}${text === '' || text.endsWith('\n') ? lines : lines.trimEnd()}`;
  }
}

const mark = '\uFEFF';

const withoutMark = (text: string): string => (text.startsWith(mark) ? text.slice(1) : text);

/**
 * Returns the text of a file; `undefined` if there is none.
 *
 * @throws AshlarError `init-conflict` for a folder, and for a file that cannot be read
 */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new AshlarError('init-conflict', {
      message: `${basename(path)} cannot be read. Nothing was written.`,
      detail: (error as Error).message,
      suggestion: `Make ${basename(path)} a file that can be read, and run the command again.`,
      cause: error,
    });
  }
}
