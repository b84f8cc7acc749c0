import { Command } from 'commander';
import type { GlobalOptions, Invocation } from './invocation.js';
import { Output } from './output.js';
import { reportError } from './report-error.js';
import type { Streams } from './streams.js';

/** The result of a command: the document that `--json` prints, and the exit status (by default 0). */
export interface Answer {
  readonly document: unknown;
  readonly exitCode?: 0 | 1;
}

/** The function that runs a command. It prints the result as text, and returns the same result as data. */
export type Handler<Options> = (
  invocation: Invocation,
  options: Options,
  ...given: string[]
) => Promise<Answer>;

/** Creates commands that share streams, and holds the exit status of the command that ran. */
export class Commands {
  exitCode = 0;
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  /** Creates a command that runs `handler` and reports its errors. The caller adds its arguments and options. */
  make<Options>(name: string, description: string, handler: Handler<Options>): Command {
    const command = new Command(name).description(description);
    return command.action(async () => {
      const options = command.optsWithGlobals<GlobalOptions & Options>();
      const out = new Output(this.#streams, options.json === true);
      try {
        // loaded only here, because the help of a command needs no database, no settings and no files
        const { Invocation } = await import('./invocation.js');
        const { onFile } = await import('../files/failure.js');
        const invocation = new Invocation(this.#streams, out, options);
        const answer = await onFile('a file', () => handler(invocation, options, ...command.args));
        out.document(answer.document);
        this.exitCode = answer.exitCode ?? 0;
      } catch (error) {
        this.exitCode = reportError(error, out);
      }
    });
  }
}
