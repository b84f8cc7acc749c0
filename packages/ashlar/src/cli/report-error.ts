import { AshlarError } from '../errors.js';
import type { Output } from './output.js';

/** What is printed of an error, and the exit status it ends a command with. */
interface Reported {
  readonly exitCode: number;
  readonly document: {
    readonly code: string;
    readonly message: string;
    readonly detail?: string | undefined;
    readonly suggestion?: string | undefined;
    readonly facts?: unknown;
  };
}

/**
 * Prints an error on standard error; with `--json`, also prints it as the JSON document on standard output.
 *
 * @returns the exit status
 */
export function reportError(error: unknown, out: Output): number {
  const known = asReported(error);
  if (known) {
    const { message, detail, suggestion } = known.document;
    out.document({ error: known.document });
    out.note(`${out.styleNote('red', 'error')} ${message}`);
    for (const line of detail?.split('\n') ?? []) out.note(`  ${line}`);
    if (suggestion !== undefined) out.note(`${out.styleNote('cyan', '→')} ${suggestion}`);
    return known.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  out.document({ error: { code: 'unexpected', message } });
  out.note(`${out.styleNote('red', 'error')} ${message}`);
  if (error instanceof Error && error.stack) out.note(error.stack.split('\n').slice(1).join('\n'));
  return 1;
}

// a configuration may load the package a second time: its errors have a class and a catalogue of their own
function asReported(error: unknown): Reported | undefined {
  if (error instanceof AshlarError) return { exitCode: error.exitCode, document: error.toJSON() };
  if (!(error instanceof Error) || error.name !== 'AshlarError') return undefined;
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' ? value : undefined;
  };
  const code = text('code');
  const exitCode: unknown = Reflect.get(error, 'exitCode');
  if (code === undefined || (exitCode !== 1 && exitCode !== 2 && exitCode !== 3)) return undefined;
  const facts: unknown = Reflect.get(error, 'facts');
  const isKnown = typeof facts === 'object' && facts !== null && Object.keys(facts).length > 0;
  return {
    exitCode,
    document: {
      code,
      message: error.message,
      detail: text('detail'),
      suggestion: text('suggestion'),
      ...(isKnown ? { facts } : {}),
    },
  };
}
