import { basename, extname, resolve } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { type ImportReport, jobModes } from '../../../jobs/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { collect, oneOf } from '../../option-values.js';
import type { Output } from '../../output.js';
import { printJob, printNext, progressNotes } from '../../print-job.js';
import { ProgressBar } from '../../progress.js';
import { untilInterrupted } from '../../until-interrupted.js';
import { withJobs } from '../../with-jobs.js';

interface Options {
  readonly name?: string;
  readonly where?: readonly string[];
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly mode?: string;
}

const shownRejections = 20;

/** `ashlar jobs import FILE`: creates a job from the lines of a file. */
export function importCommand(commands: Commands): Command {
  return commands
    .make<Options>('import', 'create a job from the lines of a file, in a format that the system reads', run)
    .argument('<file>', 'the file to import')
    .option('--name <name>', 'the name of the job (default: the name of the file)')
    .option(
      '--delimiter <character>',
      'the character between two fields, such as ";" or tab (default: found out)',
    )
    .option('--encoding <name>', 'the encoding of the file, such as windows-1252 (default: found out)')
    .option('--mode <mode>', 'confirm: the job waits for `ashlar jobs confirm`; auto: it does not')
    .option(
      '--where <column=value>',
      'import only lines that have this value in this column (repeatable)',
      collect,
    );
}

const run = (invocation: Invocation, options: Options, file = ''): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const { out, streams } = invocation;
    const where = parseWhere(options.where ?? []);
    const mode = oneOf('--mode', jobModes, options.mode);
    const importFile = jobs.import;
    if (!importFile) {
      throw new AshlarError('usage', {
        message: `The system ${db.system.name} does not import files.`,
        suggestion: 'Create the job with the services of the system.',
      });
    }
    const bar = new ProgressBar(streams.stderr, 'importing');
    const report = await untilInterrupted(
      () => out.note('stopping …'),
      (signal) =>
        importFile(db, resolve(streams.directory, file), {
          name: options.name ?? basename(file, extname(file)),
          where,
          delimiter: options.delimiter,
          encoding: options.encoding,
          mode,
          signal,
          onProgress: (progress) => bar.update({ ...progress, notes: progressNotes(jobs.sums, progress) }),
        }),
    ).finally(() => bar.end());
    printJob(out, jobs.sums, report.job);
    printReport(out, report);
    printNext(out, report.job);
    return { document: report, exitCode: report.rejected_rows > 0 ? 1 : 0 };
  });

const printReport = (
  out: Output,
  { lines, imported, filtered, rejected, rejected_rows, format }: ImportReport,
): void => {
  if (format !== undefined) out.line(`  format     ${format}`);
  out.line(`  lines      ${lines} read · ${imported} imported · ${filtered} left out by --where`);
  for (const { line, reason } of rejected.slice(0, shownRejections)) {
    out.note(`${out.styleNote('yellow', 'rejected')} line ${line}: ${reason}`);
  }
  const more = rejected_rows - Math.min(rejected.length, shownRejections);
  if (more > 0) out.note(`… and ${more} more rejected lines (--json lists the first 1,000)`);
};

const parseWhere = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      throw new AshlarError('usage', {
        message: `--where ${text} is not a condition.`,
        suggestion: 'Write --where Column=value, for example --where State=California.',
      });
    }),
  );
