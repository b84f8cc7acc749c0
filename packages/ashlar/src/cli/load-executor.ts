import { resolve } from 'node:path';
import { z } from 'zod';
import { AshlarError } from '../errors.js';
import type { AnyExecutor } from '../jobs/index.js';
import { loadModule } from './load-module.js';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const method = z.custom<(...given: never[]) => unknown>(isFunction, 'is not a function');

// further properties, such as those of a class, belong to the executor
const shape = z.looseObject({
  name: z.string().min(1),
  idempotent: z.boolean(),
  simulated: z.boolean().optional(),
  run: method,
  reconcile: method.optional(),
});

const invalid = (file: string, detail: string, cause?: unknown): AshlarError =>
  new AshlarError('usage', {
    message: `${file} gives no executor.`,
    detail,
    suggestion:
      'Write: export default { name: "carrier", idempotent: true, run: async (row, { idempotencyKey }) => ({ … }) }, or a function that returns this.',
    cause,
  });

/**
 * Loads an executor from a module, in JavaScript or TypeScript: its default export, or what that returns if it is a function.
 *
 * @throws AshlarError `usage`
 */
export async function loadExecutor(directory: string, file: string): Promise<AnyExecutor> {
  const given = await load(resolve(directory, file), file);
  const issue = shape.safeParse(given).error?.issues[0];
  if (issue) throw invalid(file, `${issue.path.join('.') || 'The default export'}: ${issue.message}`);
  return given as AnyExecutor;
}

const load = async (path: string, file: string): Promise<unknown> => {
  try {
    return await within(loadSeconds, defaultOf(path));
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : String(error), error);
  }
};

const loadSeconds = 60;

const defaultOf = async (path: string): Promise<unknown> => {
  const { default: given } = await loadModule(path);
  return typeof given === 'function' ? await given() : given;
};

const within = async <T>(seconds: number, loading: Promise<T>): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, reject) => {
    const late = new DOMException(`It was not loaded within ${seconds} seconds.`, 'TimeoutError');
    timer = setTimeout(() => reject(late), seconds * 1_000);
  });
  try {
    return await Promise.race([loading, over]);
  } finally {
    clearTimeout(timer);
  }
};
