import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The verifier as it is published. */
export const program = join(import.meta.dirname, '../../verifier/ashlar-verify.mjs');

/** The exit code of a run, and all that it printed. */
export interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs the verifier in a folder. */
export const runVerifier = (folder: string, args: readonly string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: folder });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    child.on('error', reject).on('close', (code) => resolve({ code, said }));
  });
