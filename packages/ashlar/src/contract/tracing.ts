import type { Engine } from './engine.js';
import type { OnStatement } from './statement-event.js';

/** Writes the sessions and statements of one database to a tracer. */
export interface Tracing {
  readonly onStatement: OnStatement;
  /** Tells it the database whose statements it gets. */
  attach(engine: Engine): void;
  /** Runs `work` in a span; statements that run in it become its children. */
  run<R>(name: string, work: () => R): R;
}
