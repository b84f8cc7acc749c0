import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TsConfigJsonResolved } from 'get-tsconfig';
import { AshlarError } from '../../errors.js';
import { installedVersion } from './installed.js';
import type { Manifest } from './manifest.js';

/** The language in which files are written. */
export type Language = 'typescript' | 'javascript';

/** How the files of a project are named and imported. */
export interface Writing {
  readonly language: Language;
  /** The ending of files that Node and TypeScript take for ES modules. */
  readonly extension: 'ts' | 'mts' | 'js' | 'mjs';
  /** The ending in an import of such a file. */
  readonly imported: 'ts' | 'mts' | 'js' | 'mjs';
  /** The folder that TypeScript compiles, if the project names one. */
  readonly rootDir: string | undefined;
  /** Whether the project's TypeScript reads the files: then they name the types that they need. */
  readonly usesTypes: boolean;
  readonly notes: readonly string[];
}

type CompilerOptions = NonNullable<TsConfigJsonResolved['compilerOptions']>;

/**
 * Returns how the files of a project are to be written, so that they are ES modules for Node and for TypeScript.
 *
 * @param asked - the language to write in instead of the one that the project uses
 * @throws AshlarError `usage` where the project's TypeScript compiles to CommonJS and cannot find ES modules
 */
export async function writingOf(
  directory: string,
  manifest: Manifest,
  asked: Language | undefined,
): Promise<Writing> {
  // only `init` reads a tsconfig.json
  const { getTsconfig } = await import('get-tsconfig');
  const found = tolerant(() => getTsconfig(directory));
  const usesTypeScript = found !== null || manifest.has('typescript');
  const language =
    asked ?? (usesTypeScript || !(await hasJavaScript(directory)) ? 'typescript' : 'javascript');
  const isModule = manifest.type === 'module';
  if (language === 'javascript') {
    const extension = isModule ? 'js' : 'mjs';
    return { language, extension, imported: extension, rootDir: undefined, usesTypes: false, notes: [] };
  }
  const options = found?.config.compilerOptions;
  if (found && !found.config.references) await assertFindsModules(directory, manifest, options ?? {});
  const extension = isModule || /^(es|preserve)/i.test(options?.module ?? '') ? 'ts' : 'mts';
  const namesSources =
    !options || options.allowImportingTsExtensions || options.rewriteRelativeImportExtensions;
  const compiled = extension === 'ts' ? 'js' : 'mjs';
  return {
    language,
    extension,
    imported: namesSources ? extension : compiled,
    rootDir: options?.rootDir,
    usesTypes: manifest.has('typescript'),
    notes: [
      ...(extension === 'mts'
        ? [
            'The project is CommonJS: .mts files are ES modules in it, which Node 20.19 or later can require().',
          ]
        : []),
      ...(options?.rootDir !== undefined && !found?.config.include && !/^\.?\/?$/.test(options.rootDir)
        ? [
            `tsconfig.json has the rootDir ${options.rootDir} and no "include": add "include": ["${options.rootDir}"], or tsc refuses ashlar.config.${extension}.`,
          ]
        : []),
    ],
  };
}

// a tsconfig.json whose base is not installed yet says nothing
const tolerant = <T>(read: () => T | null): T | null => {
  try {
    return read();
  } catch {
    return null;
  }
};

/** TypeScript finds `ashlar/guarantees` only where it reads the `exports` of a package.json. */
const assertFindsModules = async (
  directory: string,
  manifest: Manifest,
  options: CompilerOptions,
): Promise<void> => {
  const version = (await installedVersion(directory, 'typescript')) ?? manifest.rangeOf('typescript');
  const major = Number(/\d+/.exec(version ?? '')?.[0] ?? 6);
  const module = options.module ?? (major < 6 ? 'commonjs' : 'esnext');
  const resolution = options.moduleResolution;
  const isUnfit =
    /^(commonjs|amd|umd|system)$/i.test(module) || /^(node|node10|classic)$/i.test(resolution ?? '');
  if (!isUnfit) return;
  throw new AshlarError('usage', {
    message: 'TypeScript cannot find ES modules in this project. Nothing was written.',
    detail: `Ashlar is an ES module. tsconfig.json has the module ${module}${resolution ? ` and the moduleResolution ${resolution}` : ''}.`,
    suggestion:
      'Set "module": "nodenext" in tsconfig.json: a CommonJS project stays one. Or run ashlar init --language javascript.',
  });
};

const hasJavaScript = async (directory: string): Promise<boolean> => {
  const names: string[] = [];
  for (const folder of [directory, join(directory, 'src')])
    names.push(...(await readdir(folder).catch(() => [])));
  const isSource = (ending: RegExp) => names.some((name) => ending.test(name) && !name.includes('.config.'));
  return isSource(/\.[mc]?jsx?$/) && !isSource(/\.[mc]?tsx?$/);
};
