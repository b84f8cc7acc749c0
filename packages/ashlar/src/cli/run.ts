import { Command, CommanderError } from 'commander';
import { AshlarError } from '../errors.js';
import { version } from '../version.js';
import { Commands } from './command.js';
import { auditCommand } from './commands/audit.js';
import { backupCommand } from './commands/backup.js';
import { importCommand } from './commands/import.js';
import { jobsCommand } from './commands/jobs.js';
import { keyCommand } from './commands/key.js';
import { migrateCommand } from './commands/migrate.js';
import { partitionsCommand } from './commands/partitions.js';
import { proveCommand } from './commands/prove.js';
import { rolesCommand } from './commands/roles.js';
import { statusCommand } from './commands/status.js';
import { upCommand } from './commands/up.js';
import { collect } from './option-values.js';
import { Output } from './output.js';
import { reportError } from './report-error.js';
import type { Streams } from './streams.js';

/**
 * Runs one command line.
 *
 * @param given - the arguments after the program's name
 * @returns 0 done · 1 a check failed · 2 wrong usage · 3 could not connect or open
 */
export const run = async (given: readonly string[], streams: Streams): Promise<number> => {
  const commands = new Commands(streams);
  const program = programOf(commands);
  const complaints: string[] = [];
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: (text) => streams.stdout.write(text),
        writeErr: (text) => complaints.push(text),
      });
  }
  try {
    await program.parseAsync([...given], { from: 'user' });
    return commands.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    const asked = error.code === 'commander.help';
    const [message = '', suggestion] = complaints.join('').trim().split('\n');
    if (asked && !given.includes('--json')) streams.stderr.write(complaints.join(''));
    else
      reportError(
        usage(asked ? 'No command was given.' : message, suggestion),
        new Output(streams, given.includes('--json')),
      );
    return 2;
  }
};

const usage = (complaint: string, suggestion: string | undefined): AshlarError => {
  const message = complaint.replace(/^error: /, '');
  return new AshlarError('usage', {
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}`,
    suggestion: suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'See ashlar --help, and --help after any command.',
  });
};

const programOf = (commands: Commands): Command =>
  new Command('ashlar')
    .description('Tables whose guarantees the database itself keeps.')
    .version(version())
    .option('--system <name>', 'a system of the configuration (repeatable); all of them by default', collect)
    .option('--url <url>', 'sqlite:PATH · sqlcipher:PATH · pglite:DIR · postgres://USER@HOST/DATABASE')
    .option('--config <file>', 'another configuration than ashlar.config.ts, .js or .json')
    .option('--key-file <file>', 'a file with the key of an encrypted database')
    .option('--json', 'one JSON document on standard output, everything else on standard error')
    .addCommand(upCommand(commands))
    .addCommand(statusCommand(commands))
    .addCommand(proveCommand(commands))
    .addCommand(migrateCommand(commands))
    .addCommand(partitionsCommand(commands))
    .addCommand(rolesCommand(commands))
    .addCommand(auditCommand(commands))
    .addCommand(keyCommand(commands))
    .addCommand(importCommand(commands))
    .addCommand(backupCommand(commands))
    .addCommand(jobsCommand(commands));

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];
