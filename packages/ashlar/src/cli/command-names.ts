/** The commands of Ashlar, in the groups and the order in which `ashlar --help` lists them. */
export const commandGroups = {
  'Start:': ['init'],
  'Database:': ['up', 'status', 'prove'],
  'Schema and roles:': ['migrate', 'partitions', 'roles'],
  'Records:': ['audit', 'ledger', 'retention'],
  'Keys and copies:': ['key', 'import', 'backup'],
  'Work:': ['jobs'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Whether Ashlar itself has a command with this name; if so, a system with this name cannot declare commands. */
export function isCommandName(name: string): boolean {
  return (
    name === 'help' || Object.values<readonly string[]>(commandGroups).some((names) => names.includes(name))
  );
}
