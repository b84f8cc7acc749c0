import type { Command } from 'commander';
import type { Commands } from './command.js';
import { type CommandName, summaries } from './command-names.js';

const modules: Readonly<Record<CommandName, () => Promise<(commands: Commands) => Command>>> = {
  init: async () => (await import('./commands/init.js')).initCommand,
  adopt: async () => (await import('./commands/adopt.js')).adoptCommand,
  guard: async () => (await import('./commands/guard.js')).guardCommand,
  up: async () => (await import('./commands/up.js')).upCommand,
  status: async () => (await import('./commands/status.js')).statusCommand,
  prove: async () => (await import('./commands/prove.js')).proveCommand,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
  partitions: async () => (await import('./commands/partitions.js')).partitionsCommand,
  roles: async () => (await import('./commands/roles.js')).rolesCommand,
  audit: async () => (await import('./commands/audit.js')).auditCommand,
  ledger: async () => (await import('./commands/ledger.js')).ledgerCommand,
  retention: async () => (await import('./commands/retention.js')).retentionCommand,
  key: async () => (await import('./commands/key.js')).keyCommand,
  import: async () => (await import('./commands/import.js')).importCommand,
  move: async () => (await import('./commands/move.js')).moveCommand,
  backup: async () => (await import('./commands/backup.js')).backupCommand,
  jobs: async () => (await import('./commands/jobs.js')).jobsCommand,
};

/** Loads the module of a command, which loads what the command needs: half of the time of a short command. */
export async function loadCommand(name: CommandName, commands: Commands): Promise<Command> {
  const make = await modules[name]();
  return make(commands).helpGroup(summaries[name].group);
}
