import type { OnStatement } from '../contract/statement-event.js';
import type { Tracing } from '../contract/tracing.js';

/** Where every copy of OpenTelemetry's API keeps what an SDK has registered. */
const registered = Symbol.for('opentelemetry.js.api.1');

type Registry = { readonly [registered]?: { readonly trace?: unknown } };

/**
 * Returns what traces a database by OpenTelemetry; `undefined` if no SDK has been registered in this process, or its
 * API is not installed. Without an SDK, nothing is imported.
 */
export async function findTracing(): Promise<Tracing | undefined> {
  if (!(globalThis as Registry)[registered]?.trace) return undefined;
  try {
    return (await import('./open-telemetry.js')).openTelemetry();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Returns a callback that calls both; one of them, or `undefined`, where there are not two. */
export function both(one: OnStatement | undefined, other: OnStatement | undefined): OnStatement | undefined {
  if (!one || !other) return one ?? other;
  return (statement) => {
    other(statement);
    one(statement);
  };
}
