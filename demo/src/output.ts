import { styleText } from 'node:util';

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const style = (format: Parameters<typeof styleText>[0], text: string) =>
  colours ? styleText(format, text) : text;

/** Writes a line. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a heading. */
export function heading(text: string): void {
  say(`\n${style('bold', text)}\n${'─'.repeat(text.length)}`);
}

/** Reports an action of this run. */
export function did(text: string): void {
  say(`  ${style('green', '✓')} ${text}`);
}

/** Reports an action that an earlier run has done. */
export function found(text: string): void {
  say(`  ${style('dim', '· already done:')} ${text}`);
}

/** Formats integer cents as dollars. */
export function dollars(cents: number | null): string {
  return ((cents ?? 0) / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' });
}

/** Formats an integer with thousands separators. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}
