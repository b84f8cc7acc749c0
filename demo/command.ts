import { Writable } from 'node:stream';
import { run } from '../src/cli/run.js';
import { processStreams } from '../src/cli/streams.js';
import { say } from './output.js';

const show = (words: readonly string[]): void =>
  say(`$ ashlar ${words.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);

/** Runs a command line of `ashlar` and shows it; ends the process where it fails. */
export const ashlar = async (...words: readonly string[]): Promise<void> => {
  show(words);
  const exitCode = await run(words, processStreams());
  if (exitCode !== 0) process.exit(exitCode);
};

/** Runs a command line of `ashlar` for its document (`--json`); shows it and ends the process where it fails. */
export const ask = async (...words: readonly string[]): Promise<unknown> => {
  let text = '';
  const stdout = new Writable({
    write: (chunk, _, done) => {
      text += chunk;
      done();
    },
  });
  const exitCode = await run(['--json', ...words], { ...processStreams(), stdout });
  if (exitCode === 0) return JSON.parse(text);
  show(words);
  say(text);
  process.exit(exitCode);
};
