#!/usr/bin/env node
import { run } from './run.js';
import { processStreams } from './streams.js';

// `ashlar … | head` closes the pipe early: that is not an error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2), processStreams());
