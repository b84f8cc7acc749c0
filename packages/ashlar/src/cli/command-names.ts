/** The commands of Ashlar, in the groups and the order in which `ashlar --help` lists them. */
export const commandGroups = {
  'Database:': ['up', 'status', 'prove'],
  'Schema and roles:': ['migrate', 'partitions', 'roles'],
  'Records:': ['audit', 'ledger', 'retention'],
  'Keys and copies:': ['key', 'import', 'backup'],
  'Work:': ['jobs'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Whether a command of Ashlar has this name: a system that declares commands cannot have the same name. */
export function isCommandName(name: string): boolean {
  return (
    name === 'help' || Object.values<readonly string[]>(commandGroups).some((names) => names.includes(name))
  );
}
