import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { say } from './output.js';

// the program that npm installs, started as from a shell
const program = join(
  dirname(createRequire(import.meta.url).resolve('ashlar/package.json')),
  'bin',
  'ashlar.js',
);

const show = (args: readonly string[]): void =>
  say(`$ ashlar ${args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`);

const start = (args: readonly string[], stdout: 'inherit' | 'pipe') =>
  new Promise<{ exitCode: number; text: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['inherit', stdout, 'inherit'] });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 1, text }));
  });

/** Runs a command of `ashlar` and shows it. Exits when the command fails. */
export async function ashlar(...args: readonly string[]): Promise<void> {
  show(args);
  const { exitCode } = await start(args, 'inherit');
  if (exitCode !== 0) process.exit(exitCode);
}

/** Runs a command of `ashlar` with `--json` and returns its document. Shows both and exits when the command fails. */
export async function ask(...args: readonly string[]): Promise<unknown> {
  const { exitCode, text } = await start(['--json', ...args], 'pipe');
  if (exitCode === 0) return JSON.parse(text);
  show(args);
  say(text);
  process.exit(exitCode);
}
