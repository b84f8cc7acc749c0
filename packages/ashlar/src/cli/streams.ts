import type { Readable, Writable } from 'node:stream';

/** An output stream, which may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The streams, the environment and the working directory of a command. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: NodeJS.Dict<string>;
  readonly directory: string;
  /** Whether the command may ask the user questions: input and output are terminals. */
  readonly interactive: boolean;
}

/** Returns the streams, the environment and the working directory of this process. */
export function processStreams(): Streams {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    directory: process.cwd(),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  };
}
