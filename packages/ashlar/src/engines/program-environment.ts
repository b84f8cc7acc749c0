const needed = /^(PATH|HOME|APPDATA|SYSTEMROOT|TEMP|TMP|TMPDIR|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH)$/i;

/**
 * What a program that this process starts needs of its environment: our keys and passwords are not handed on.
 *
 * @param own - which other variables are meant for that program
 */
export function programEnvironment(own?: RegExp): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && (needed.test(name) || own?.test(name))) environment[name] = value;
  return environment;
}
