#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { closeIdleShadows } from '../engines/shadow.js';
import { run } from './run.js';
import { processStreams } from './streams.js';

// `ashlar … | head` closes the pipe early, and a terminal may be gone (EIO): the output is dropped, and the work goes on and ends with
// its own status. Output that is lost for another reason, such as a full disk, is a failure
let lost: string | undefined;
for (const stream of [process.stdout, process.stderr]) {
  const hadReader = ['EPIPE', 'ERR_STREAM_DESTROYED', ...(stream.isTTY ? ['EIO'] : [])];
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (!hadReader.includes(code ?? '')) lost ??= code;
  });
}
process.on('exit', () => {
  if (lost === undefined) return;
  process.stderr.write(`error The output could not be written (${lost}). What the command did is done.\n`);
  if (!process.exitCode) process.exitCode = 3;
});

// these end soon, which is not worth V8's optimising the WebAssembly of PGlite: a quarter of the time of a command
const [group, command] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
if (group === 'migrate' && ['new', 'check', 'dump'].includes(command ?? ''))
  setFlagsFromString('--liftoff-only');

process.exitCode = await run(process.argv.slice(2), processStreams());
await closeIdleShadows();
