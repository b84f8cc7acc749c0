/** What `ashlar --help` prints of a command, which it does not load for that. */
export interface CommandSummary {
  readonly description: string;
  /** The group of `ashlar --help` in which the command is. */
  readonly group: string;
  /** What follows the name: whether the command has options, and its arguments. Most commands with commands have neither. */
  readonly form?: string;
}

/** The commands of Ashlar, in the order in which `ashlar --help` lists them. */
export const summaries = {
  init: {
    group: 'Start:',
    form: '[options]',
    description: 'start in this folder: configuration, first table, first step, a test, scripts',
  },
  adopt: {
    group: 'Start:',
    form: '[options] [source]',
    description:
      'start with a database that exists: its tables as declarations, and a first step that makes it',
  },
  guard: {
    group: 'Start:',
    form: '[options] [tables...]',
    description: 'keep guarantees on tables that another tool owns: put them on, check and restore them',
  },
  up: {
    group: 'Database:',
    form: '[options]',
    description:
      'create and migrate the database, grant rights, create partitions, attack guarantees; safe to repeat',
  },
  status: {
    group: 'Database:',
    form: '[options]',
    description: 'show one page: engine, roles, migrations, drift, tables, guarantees, backups',
  },
  prove: {
    group: 'Database:',
    form: '[options]',
    description: 'attack every guarantee, in transactions that are rolled back; exit 1 if an attack succeeds',
  },
  migrate: {
    group: 'Schema and roles:',
    description: 'plan, write, apply and check the migration steps of the schema',
  },
  partitions: {
    group: 'Schema and roles:',
    description: 'list the partitions of tables, and create partitions ahead of time',
  },
  roles: {
    group: 'Schema and roles:',
    description: 'print, apply and check the rights of owner, application and auditor (Postgres)',
  },
  audit: {
    group: 'Records:',
    form: '[options]',
    description: 'show changes of rows: who made each, when, and the values before and after',
  },
  ledger: {
    group: 'Records:',
    description: 'verify, sign and export ledgers, and write inclusion proofs',
  },
  retention: {
    group: 'Records:',
    description: 'show the retention periods of tables, and purge expired rows',
  },
  key: {
    group: 'Keys and copies:',
    description: 'create, check, rotate and shred keys',
  },
  import: {
    group: 'Keys and copies:',
    form: '[options] <file>',
    description: 'create a database from an SQLite file, or from a SQLCipher file of version 1 to 4',
  },
  move: {
    group: 'Keys and copies:',
    form: '[options]',
    description: 'move a database to another engine or server; typed again, it goes on where it stopped',
  },
  backup: {
    group: 'Keys and copies:',
    description: 'create, verify and restore encrypted copies of a database',
  },
  jobs: {
    group: 'Work:',
    description: 'list, import, confirm, run, control and export the batch jobs of a system',
  },
} as const satisfies Readonly<Record<string, CommandSummary>>;

/** The name of a command of Ashlar. */
export type CommandName = keyof typeof summaries;

/** Whether this is the name of a command of Ashlar. `help` is not: commander adds it. */
export function isOwnCommand(name: string): name is CommandName {
  return Object.hasOwn(summaries, name);
}

/** Whether Ashlar itself has a command with this name; if so, a system with this name cannot declare commands. */
export function isCommandName(name: string): boolean {
  return name === 'help' || isOwnCommand(name);
}
