import { basename, extname, resolve } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { collect } from '../../option-values.js';
import { printJob } from '../../print-job.js';
import { ProgressBar } from '../../progress.js';
import { untilInterrupted } from '../../until-interrupted.js';
import { withJobs } from '../../with-jobs.js';

interface Options {
  readonly name?: string;
  readonly where?: readonly string[];
}

const shownRejections = 20;

/** `ashlar jobs import CSV`: a file becomes a job. */
export const importCommand = (commands: Commands): Command =>
  commands
    .make<Options>('import', 'make a job of the lines of a CSV file', run)
    .argument('<file>', 'the CSV file; its first line names the columns')
    .option('--name <name>', "the job's name (default: that of the file)")
    .option('--where <column=value>', 'only lines with this value (repeatable)', collect);

const run = (invocation: Invocation, options: Options, file = ''): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const { out, streams } = invocation;
    const where = parseWhere(options.where ?? []);
    const bar = new ProgressBar(streams.stderr, 'importing');
    const stopping = () => out.note('stopping …');
    const report = await untilInterrupted(stopping, (signal) =>
      jobs.import(db, resolve(streams.directory, file), {
        name: options.name ?? basename(file, extname(file)),
        where,
        signal,
        onProgress: (progress) => bar.update(progress),
      }),
    ).finally(() => bar.end());
    printJob(out, report.job);
    out.line(
      `  lines      ${report.lines} read · ${report.imported} imported · ${report.filtered} left out by --where`,
    );
    for (const { line, reason } of report.rejected.slice(0, shownRejections)) {
      out.note(`${out.styleNote('yellow', 'rejected')} line ${line}: ${reason}`);
    }
    const more = report.rejected.length - shownRejections;
    if (more > 0) out.note(`… and ${more} more rejected lines (--json lists them all)`);
    return { document: report, exitCode: report.rejected.length > 0 ? 1 : 0 };
  });

const parseWhere = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      throw new AshlarError('usage', {
        message: `--where ${text} cannot be understood.`,
        suggestion: 'Write --where Column=value, for example --where State=California.',
      });
    }),
  );
