import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { isFileError } from '../../../files/failure.js';
import { rowStatuses } from '../../../jobs/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { oneOf } from '../../option-values.js';
import { untilInterrupted } from '../../until-interrupted.js';
import { withJobs } from '../../with-jobs.js';
import { unwritable } from '../../write-new.js';

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
    await untilInterrupted(
      () => out.note('stopping …'),
      async (signal) => {
        const writeRows = (to: Writable) =>
          exportRows(db, id, { format, status }, (text) => {
            signal.throwIfAborted();
            return write(to, text);
          });
        if (options.out === undefined) await writeRows(streams.stdout);
        else await writeFile(resolve(streams.directory, options.out), writeRows);
      },
    );
    if (options.out !== undefined) out.line(`The rows are in ${options.out}.`);
    return { document: { job: id, format, file: options.out } };
  });
};

const write = async (to: Writable, text: string): Promise<void> => {
  // it may have failed while the next rows were read; then it never drains
  if (to.errored) throw to.errored;
  if (!to.write(text)) await once(to, 'drain');
};

// the file gets its name when it is complete, so that a part of the rows does not pass for all of them
const writeFile = async (path: string, writeRows: (to: Writable) => Promise<void>): Promise<void> => {
  if (existsSync(path)) throw unwritable(path, { code: 'EEXIST' });
  const partial = `${path}.${randomUUID()}.partial`;
  const file = createWriteStream(partial, { flags: 'wx', mode: 0o600 });
  file.on('error', () => undefined);
  try {
    await once(file, 'open');
    await writeRows(file);
    file.end();
    await finished(file);
    await named(partial, path);
  } catch (error) {
    const { errored } = file;
    file.destroy();
    await rm(partial, { force: true });
    throw errored === error || isFileError(error) ? unwritable(path, error) : error;
  }
};

// a name that another process has taken meanwhile is kept; not every file system has links
const named = async (partial: string, path: string): Promise<void> => {
  try {
    await link(partial, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    return rename(partial, path);
  }
  await rm(partial);
};
