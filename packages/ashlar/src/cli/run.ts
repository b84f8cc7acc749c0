import { Command, CommanderError } from 'commander';
import { AshlarError } from '../errors.js';
import { version } from '../version.js';
import { Commands } from './command.js';
import { type CommandName, type CommandSummary, isOwnCommand, summaries } from './command-names.js';
import { loadCommand } from './load-command.js';
import { collect } from './option-values.js';
import { Output } from './output.js';
import { reportError } from './report-error.js';
import type { Streams } from './streams.js';

/**
 * Parses the arguments of a command line, and runs the command that they name.
 *
 * @param given - the arguments after the program's name
 * @returns 0 done · 1 a check failed · 2 wrong usage · 3 could not connect or open
 */
export async function run(given: readonly string[], streams: Streams): Promise<number> {
  const commands = new Commands(streams);
  const program = programOf();
  const complaints: string[] = [];
  const out = new Output(streams, given.includes('--json'));
  const first = firstWord(program, given);
  for (const command of await ownCommands(first.name, commands)) program.addCommand(command);
  if (first.name === undefined ? !given.includes('--version') : !isOwnCommand(first.name)) {
    const failure = await addSystems(program, commands, streams.directory, first.config);
    const isAskedFor = first.name !== undefined && first.name !== 'help';
    if (failure !== undefined && isAskedFor) return reportError(failure, out);
    if (failure !== undefined) {
      program.addHelpText('after', `\nThe commands of systems are not listed: ${messageOf(failure)}`);
    }
  }
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: (text) => streams.stdout.write(text),
        writeErr: (text) => complaints.push(text),
      });
    if (command !== program) command.configureHelp({ showGlobalOptions: true });
  }
  try {
    await program.parseAsync([...given], { from: 'user' });
    return commands.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    const isHelp = error.code === 'commander.help';
    const [message = '', suggestion] = withoutValue(complaints.join('').trim()).split('\n');
    if (isHelp && !out.json) streams.stderr.write(complaints.join(''));
    else reportError(usage(isHelp ? 'No command was given.' : message, suggestion), out);
    return 2;
  }
}

// the value of an unknown option can be a secret, and can have several lines
function withoutValue(complaint: string): string {
  return complaint.replace(/^(error: unknown option '[^=]*)=.*'/s, "$1'");
}

function usage(complaint: string, suggestion: string | undefined): AshlarError {
  const message = complaint.replace(/^error: /, '').replace(/[^.]$/, '$&.');
  return new AshlarError('usage', {
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}`,
    suggestion: suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'Run `ashlar --help`, or any command with --help.',
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function programOf(): Command {
  return new Command('ashlar')
    .description('Tables whose guarantees the database itself enforces.')
    .version(version())
    .option('--system <name>', 'a system of the configuration (repeatable; default: all of them)', collect)
    .option(
      '--url <url>',
      'the database: sqlite:PATH, sqlcipher:PATH, pglite:DIR or postgres://USER@HOST/DATABASE',
    )
    .option('--config <file>', 'the configuration file (default: ashlar.config.ts, .js or .json)')
    .option('--key-file <file>', 'a file with the key of an encrypted database')
    .option('--json', 'print one JSON document on standard output, and everything else on standard error')
    .addHelpText(
      'after',
      '\nThe database is taken from --url, else from DATABASE_URL in the environment or in .env.\nExit status: 0 done · 1 a check failed · 2 wrong usage · 3 could not connect or open.',
    );
}

/**
 * The commands of Ashlar: the one that the command line names, or all of them for `help`; of the others only what the
 * list of commands shows.
 */
function ownCommands(first: string | undefined, commands: Commands): Promise<readonly Command[]> {
  const names = Object.keys(summaries) as CommandName[];
  return Promise.all(
    names.map((name) => (first === name || first === 'help' ? loadCommand(name, commands) : listed(name))),
  );
}

function listed(name: CommandName): Command {
  const { description, group, form }: CommandSummary = summaries[name];
  const command = new Command(name).description(description).helpGroup(group);
  return form === undefined ? command : command.arguments(form);
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** The first word that is not an option, and the configuration file, before commander reads the line. */
function firstWord(
  program: Command,
  given: readonly string[],
): { readonly name: string | undefined; readonly config: string | undefined } {
  let config: string | undefined;
  for (let at = 0; at < given.length; at++) {
    const word = given[at] ?? '';
    if (!word.startsWith('-')) return { name: word, config: config ?? configAfter(given, at) };
    if (word.startsWith('--config=')) config = word.slice('--config='.length);
    const option = program.options.find(({ long }) => long === word);
    if (option?.long === '--config') config = given[at + 1];
    if (option?.required) at++;
  }
  return { name: undefined, config };
}

function configAfter(given: readonly string[], at: number): string | undefined {
  const written = given.slice(at + 1);
  const joined = written.find((word) => word.startsWith('--config='))?.slice('--config='.length);
  const apart = written.indexOf('--config');
  return joined ?? (apart < 0 ? undefined : written[apart + 1]);
}

/**
 * Adds the commands that the systems of the configuration contribute.
 *
 * @returns why they could not be added
 */
async function addSystems(
  program: Command,
  commands: Commands,
  directory: string,
  config: string | undefined,
): Promise<unknown> {
  try {
    const [{ readConfig }, { systemCommand }] = await Promise.all([
      import('./config.js'),
      import('./system-commands.js'),
    ]);
    const { systems = [] } = await readConfig(directory, config);
    for (const system of systems) {
      const command = systemCommand(commands, system);
      if (command) program.addCommand(command.helpGroup('Systems of this configuration:'));
    }
    return undefined;
  } catch (error) {
    return error;
  }
}
