import { spawn } from 'node:child_process';
import { AshlarError } from '../../errors.js';
import type { Streams } from '../streams.js';

/** Returns a word of a command line as shells of every system read it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`;
}

/**
 * Runs a program in the working directory and returns its standard output. Its standard error goes to ours.
 *
 * @param isOfPath - whether it is found by the PATH, as the programs of package managers are
 * @throws AshlarError `init-failed`
 */
export async function runProgram(
  streams: Streams,
  [program = '', ...args]: readonly string[],
  { isOfPath }: { isOfPath: boolean },
): Promise<{ code: number; stdout: string }> {
  const child = spawn(program, args, {
    cwd: streams.directory,
    env: streams.env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    // on Windows these programs are .cmd files, which only a shell starts; the words hold no user input
    shell: isOfPath && process.platform === 'win32',
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (isOfPath) streams.stderr.write(text);
  });
  child.stderr.on('data', (bytes: Buffer) => streams.stderr.write(bytes));
  return new Promise((resolve, reject) => {
    child.on('error', (cause) =>
      reject(
        new AshlarError('init-failed', {
          message: `${program} cannot be started.`,
          detail: cause.message,
          suggestion: `Install ${program}, or run ashlar init without --install.`,
          cause,
        }),
      ),
    );
    child.on('close', (code) => resolve({ code: code ?? 1, stdout }));
  });
}
