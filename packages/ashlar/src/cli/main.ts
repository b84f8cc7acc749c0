#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { closeIdleShadows } from '../engines/shadow.js';
import { run } from './run.js';
import { processStreams } from './streams.js';

// `ashlar … | head` closes the pipe early: that is not an error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

// these end soon, which is not worth V8's optimising the WebAssembly of PGlite: a quarter of the time of a command
const [group, command] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
if (group === 'migrate' && ['new', 'check', 'dump'].includes(command ?? ''))
  setFlagsFromString('--liftoff-only');

process.exitCode = await run(process.argv.slice(2), processStreams());
await closeIdleShadows();
