import { resolve } from 'node:path';
import { z } from 'zod';
import { endsWithin } from '../engines/ends-within.js';
import { AshlarError } from '../errors.js';
import { loadModule } from '../files/load-module.js';
import type { AnyExecutor } from '../jobs/index.js';

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

const loadSeconds = 60;

const load = async (path: string, file: string): Promise<unknown> => {
  const loading = defaultOf(path);
  try {
    if (await endsWithin(loading, loadSeconds * 1_000)) return await loading;
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : String(error), error);
  }
  throw invalid(file, `It was not loaded within ${loadSeconds} seconds.`);
};

const defaultOf = async (path: string): Promise<unknown> => {
  const { default: given } = await loadModule(path);
  return typeof given === 'function' ? await given() : given;
};
