import { Argument, Command, Option } from 'commander';
import { defaultActor } from '../migrations/actor.js';
import { parseSettings } from '../settings/index.js';
import type { Command as SystemCommand } from '../system/command.js';
import { type InputProperty, propertiesOf } from '../system/input-properties.js';
import type { System } from '../system/system.js';
import type { Answer, Commands } from './command.js';
import { parseCommandInput } from './command-input.js';
import type { Invocation } from './invocation.js';
import { collect } from './option-values.js';
import { plainData } from './plain-data.js';
import { printDocument } from './print-document.js';
import { printTable } from './print-table.js';
import { ProgressBar } from './progress.js';
import { untilInterrupted } from './until-interrupted.js';
import { withDatabase } from './with-database.js';

type Given = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** `ashlar SYSTEM …`: the commands that a system contributes; `undefined` if it contributes none. */
export function systemCommand(commands: Commands, system: System): Command | undefined {
  const own = Object.entries(system.commands ?? {});
  if (own.length === 0) return undefined;
  const parent = new Command(system.name).description(`commands of the system ${system.name}`);
  for (const [name, command] of own) parent.addCommand(contributed(commands, system, name, command));
  return parent;
}

function contributed(commands: Commands, system: System, name: string, command: SystemCommand): Command {
  const properties = propertiesOf(command.input);
  const isArgument = ({ name: property }: InputProperty) => command.positionals.includes(property);
  const ordered = command.positionals.flatMap(
    (property) => properties.find((each) => each.name === property) ?? [],
  );
  const options = properties.filter((property) => !isArgument(property));
  const made = commands.make<Given & { readonly actor?: string }>(
    name,
    command.summary,
    (invocation, given, ...args) => {
      const texts: Record<string, Given[string]> = {};
      for (const [at, property] of ordered.entries())
        texts[property.name] = property.list ? (args.length > at ? args.slice(at) : undefined) : args[at];
      for (const property of options) texts[property.name] = given[attributeOf(property)];
      const help = `ashlar ${system.name} ${name} --help`;
      return run(invocation, {
        system,
        name,
        command,
        input: parseCommandInput(command, texts, help),
        actor: given.actor,
      });
    },
  );
  if (command.description !== undefined)
    made.description(`${command.summary}\n\n${command.description}`).summary(command.summary);
  for (const property of ordered) made.addArgument(argumentOf(property));
  for (const property of options) for (const option of optionsOf(property)) made.addOption(option);
  made.option('--actor <name>', 'the actor to record (default: the user of the operating system)');
  made.option('--allow-owner', 'run even if the connected role can change the schema');
  if (command.settings)
    made.addHelpText('after', () => settingsHelp(propertiesOf(command.settings ?? command.input)));
  return made;
}

interface Request {
  readonly system: System;
  readonly name: string;
  readonly command: SystemCommand;
  readonly input: unknown;
  readonly actor: string | undefined;
}

async function run(
  invocation: Invocation,
  { system, name, command, input, actor }: Request,
): Promise<Answer> {
  const { out, streams } = invocation;
  const settings = command.settings
    ? parseSettings(system.name, command.settings, invocation.environment())
    : {};
  return withDatabase(invocation, system, invocation.columnKeys(), async (db) => {
    const bar = new ProgressBar(streams.stderr, 'working');
    let printed = false;
    const stopping = () => out.note('stopping … (Ctrl-C again ends at once)');
    const returned = await untilInterrupted(stopping, (signal) =>
      command.run({
        db,
        input,
        settings,
        actor: actor ?? defaultActor(),
        signal,
        print: (line) => {
          printed = true;
          out.line(line);
        },
        printTable: (head, rows) => {
          printed = true;
          printTable(out, head, rows);
        },
        note: (line) => out.note(line),
        progress: (done, total) => bar.update({ done, total }),
      }),
    ).finally(() => bar.end());
    // in both modes: a fault of the document must not depend on --json
    const document = plainData(`${system.name} ${name}`, returned);
    if (!printed) printDocument(out, document);
    return { document };
  });
}

function argumentOf(property: InputProperty): Argument {
  const name = `${property.option}${property.list ? '...' : ''}`;
  return new Argument(property.required ? `<${name}>` : `[${name}]`, descriptionOf(property, false));
}

function optionsOf(property: InputProperty): readonly Option[] {
  const { option, kind, list, placeholder, required, standard } = property;
  if (kind === 'boolean' && !list) {
    if (standard !== true) return [new Option(`--${option}`, descriptionOf(property, true))];
    return [
      new Option(`--${option}`, descriptionOf(property, true)),
      new Option(`--no-${option}`, `not --${option}`),
    ];
  }
  const made = new Option(`--${option} <${placeholder}>`, descriptionOf(property, true));
  if (list) made.argParser(collect);
  return [made.makeOptionMandatory(required)];
}

// what commander itself names the value of --max-price
function attributeOf({ option }: InputProperty): string {
  return new Option(`--${option} <value>`).attributeName();
}

function descriptionOf(
  { description, placeholder, required, standard, list }: InputProperty,
  isOption: boolean,
): string {
  const remarks = [
    ...(isOption && required ? ['required'] : []),
    ...(isOption && list ? ['repeatable'] : []),
    ...(!isOption && placeholder.includes('|') ? [`one of ${placeholder.replaceAll('|', ', ')}`] : []),
    ...(standard === undefined || standard === false
      ? []
      : [`default: ${typeof standard === 'string' ? standard : JSON.stringify(standard)}`]),
  ];
  return [description, remarks.length > 0 ? `(${remarks.join('; ')})` : ''].filter(Boolean).join(' ');
}

function settingsHelp(properties: readonly InputProperty[]): string {
  const width = Math.max(...properties.map(({ name }) => name.length));
  const lines = properties.map((property) =>
    `  ${property.name.padEnd(width)}  ${descriptionOf(property, true)}`.trimEnd(),
  );
  return ['', 'Environment, or the file .env:', ...lines].join('\n');
}
