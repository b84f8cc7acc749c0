import { styleText } from 'node:util';

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const style = (format: Parameters<typeof styleText>[0], text: string) =>
  colours ? styleText(format, text) : text;

/** Writes a line. */
export const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

/** Writes the heading of a part. */
export const heading = (text: string): void => say(`\n${style('bold', text)}\n${'─'.repeat(text.length)}`);

/** Writes what was done now. */
export const did = (text: string): void => say(`  ${style('green', '✓')} ${text}`);

/** Writes what was found done already, and left alone. */
export const found = (text: string): void => say(`  ${style('dim', '· already there:')} ${text}`);

/** Integer cents as dollars. */
export const dollars = (cents: number | null): string =>
  ((cents ?? 0) / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' });

/** A whole number with its thousands apart. */
export const count = (value: number): string => value.toLocaleString('en-US');
