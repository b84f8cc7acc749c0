import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { say } from './output.js';

// the program that npm installs, as a user's shell would start it
const program = join(
  dirname(createRequire(import.meta.url).resolve('ashlar/package.json')),
  'bin',
  'ashlar.js',
);

const show = (words: readonly string[]): void =>
  say(`$ ashlar ${words.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);

const start = (words: readonly string[], stdout: 'inherit' | 'pipe') =>
  new Promise<{ exitCode: number; text: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['inherit', stdout, 'inherit'] });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 1, text }));
  });

/** Runs one command of `ashlar` and shows it; exits when the command fails. */
export const ashlar = async (...words: readonly string[]): Promise<void> => {
  show(words);
  const { exitCode } = await start(words, 'inherit');
  if (exitCode !== 0) process.exit(exitCode);
};

/** Runs one command of `ashlar` and returns its document (`--json`); shows both and exits when the command fails. */
export const ask = async (...words: readonly string[]): Promise<unknown> => {
  const { exitCode, text } = await start(['--json', ...words], 'pipe');
  if (exitCode === 0) return JSON.parse(text);
  show(words);
  say(text);
  process.exit(exitCode);
};
