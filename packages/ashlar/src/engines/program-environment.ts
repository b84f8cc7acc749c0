const needed = /^(PATH|HOME|APPDATA|SYSTEMROOT|TEMP|TMP|TMPDIR|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH)$/i;

/**
 * Returns the environment for a program that this process starts: only the variables that programs need to run. Keys
 * and passwords are not passed on.
 *
 * @param own - matches the names of further variables that this program needs
 */
export function programEnvironment(own?: RegExp): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && (needed.test(name) || own?.test(name))) environment[name] = value;
  return environment;
}
