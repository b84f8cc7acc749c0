import { Command } from 'commander';
import { type GlobalOptions, Invocation } from './invocation.js';
import { Output } from './output.js';
import { reportError } from './report-error.js';
import type { Streams } from './streams.js';

/** The result of a command: the document of `--json`, and the exit status where it is not 0. */
export interface Answer {
  readonly document: unknown;
  readonly exitCode?: 0 | 1;
}

/** The work of a command. It prints for people, and returns the same as data. */
export type Handler<Options> = (
  invocation: Invocation,
  options: Options,
  ...given: string[]
) => Promise<Answer>;

/** Creates commands that share streams, and keeps the exit status of the one that ran. */
export class Commands {
  exitCode = 0;
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  /** Creates a command. The caller adds its arguments and options. */
  make<Options>(name: string, description: string, handler: Handler<Options>): Command {
    const command = new Command(name).description(description);
    return command.action(async () => {
      const options = command.optsWithGlobals<GlobalOptions & Options>();
      const out = new Output(this.#streams, options.json === true);
      try {
        const invocation = new Invocation(this.#streams, out, options);
        const answer = await handler(invocation, options, ...command.args);
        out.document(answer.document);
        this.exitCode = answer.exitCode ?? 0;
      } catch (error) {
        this.exitCode = reportError(error, out);
      }
    });
  }
}
