import { run } from '../src/cli/run.js';
import { processStreams } from '../src/cli/streams.js';
import { say } from './output.js';

/** Runs a command line of `ashlar` and shows it; ends the process where it fails. */
export const ashlar = async (...words: readonly string[]): Promise<void> => {
  say(`$ ashlar ${words.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);
  const exitCode = await run(words, processStreams());
  if (exitCode !== 0) process.exit(exitCode);
};
