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

/** Draws how far long work is: a bar that moves on a terminal, a line at each quarter elsewhere. */
export const progressBar = (label: string, total: number): { update(done: number): void; end(): void } => {
  const width = 30;
  let quarter = 0;
  return {
    update: (done) => {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      if (process.stdout.isTTY) {
        const full = Math.round(share * width);
        const bar = '█'.repeat(full) + '░'.repeat(width - full);
        process.stdout.write(`\r  ${bar} ${count(done)} of ${count(total)} ${label} `);
      } else if (Math.floor(share * 4) > quarter) {
        quarter = Math.floor(share * 4);
        say(`    ${count(done)} of ${count(total)} ${label}`);
      }
    },
    end: () => {
      if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
    },
  };
};
