import { Command } from 'commander';
import { type GlobalOptions, Invocation } from './invocation.js';
import { Output } from './output.js';
import { reportError } from './report-error.js';
import type { Streams } from './streams.js';

/** What a command answers: the document of `--json`, and an exit code where it is not 0. */
export interface Answer {
  readonly document: unknown;
  readonly exitCode?: 0 | 1;
}

/** What a command does. It prints for people as it goes, and answers with the same as data. */
export type Handler<Options> = (
  invocation: Invocation,
  options: Options,
  ...given: string[]
) => Promise<Answer>;

/** Makes commands that share streams, and remembers how the one that ran ended. */
export class Commands {
  exitCode = 0;
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  /** A command whose arguments and options are added by the caller, and whose work is `handler`. */
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
