import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { rowStatuses } from '../../../jobs/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withJobs } from '../../with-jobs.js';

interface Options {
  readonly format?: string;
  readonly status?: string;
  readonly out?: string;
}

const formats = ['csv', 'json'] as const;

/** `ashlar jobs export ID`: writes the rows of a job with their results. */
export function exportCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'export',
      'write the rows of a job with their results, as a file or on standard output',
      run,
    )
    .argument('<id>', 'the id of the job')
    .option('--format <format>', `${formats.join(' or ')} (default: csv)`)
    .option('--status <status>', `only rows with this status: ${rowStatuses.join(', ')}`)
    .option('--out <file>', 'the file to write; an existing file is not overwritten');
}

const run = (invocation: Invocation, options: Options, id = ''): Promise<Answer> => {
  const format = oneOf('--format', formats, options.format) ?? 'csv';
  const status = oneOf('--status', rowStatuses, options.status);
  const { out, streams } = invocation;
  if (out.json && options.out === undefined) {
    throw new AshlarError('usage', {
      message: 'With --json, standard output has one document, and not the rows.',
      suggestion: 'Give the file for the rows: --out FILE.',
    });
  }
  return withJobs(invocation, async (jobs, db) => {
    const exportRows = jobs.export;
    if (!exportRows) {
      throw new AshlarError('usage', {
        message: `The system ${db.system.name} does not export rows.`,
        suggestion: 'Read them with the services of the system.',
      });
    }
    const writeRows = (to: Writable) => exportRows(db, id, { format, status }, (text) => write(to, text));
    if (options.out === undefined) await writeRows(streams.stdout);
    else {
      await writeFile(resolve(streams.directory, options.out), writeRows);
      out.line(`The rows are in ${options.out}.`);
    }
    return { document: { job: id, format, file: options.out } };
  });
};

const oneOf = <T extends string>(
  option: string,
  values: readonly T[],
  given: string | undefined,
): T | undefined => {
  const value = values.find((each) => each === given);
  if (value !== undefined || given === undefined) return value;
  throw new AshlarError('usage', {
    message: `${option} ${given} is not known.`,
    suggestion: `Write ${option} followed by ${values.join(' or ')}.`,
  });
};

const write = async (to: Writable, text: string): Promise<void> => {
  if (!to.write(text)) await once(to, 'drain');
};

// nobody may take half of the rows for all of them
const writeFile = async (path: string, writeRows: (to: Writable) => Promise<void>): Promise<void> => {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  try {
    await once(file, 'open');
  } catch (cause) {
    throw new AshlarError('usage', {
      message: `${path} cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
      suggestion: 'Existing files are not overwritten: choose another file with --out.',
      cause,
    });
  }
  try {
    await writeRows(file);
    file.end();
    await finished(file);
  } catch (error) {
    file.destroy();
    await rm(path, { force: true });
    throw error;
  }
};
