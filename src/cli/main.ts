#!/usr/bin/env node
import { processIo } from './io.ts';
import { runProgram } from './program.ts';

// The reader of a pipe may go, as `head` does. An action that is at work goes on all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runProgram(process.argv.slice(2), processIo(process));
