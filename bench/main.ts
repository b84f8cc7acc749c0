import { parseArgs } from 'node:util';
import { backupFigures } from './backup.js';
import { ledgerFigures } from './ledger.js';
import { compare } from './measure.js';
import { postgresComparisons } from './postgres.js';
import { sqliteComparisons } from './sqlite.js';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const [scale, rounds] = values.quick ? [1, 5] : [4, 9];

const print = (line: string) => process.stdout.write(`${line}\n`);
const number = (value: number) => Math.round(value).toLocaleString('en-US');

print(
  `ratio = Ashlar's rate ÷ the raw driver's, same SQL, interleaved; median of ${rounds} rounds (lowest–highest)`,
);
for (const open of [sqliteComparisons, postgresComparisons]) {
  const { comparisons, close } = await open(scale);
  for (const comparison of comparisons) {
    const { name, raw, ashlar, ratio, lowest, highest } = await compare(comparison, rounds);
    const range = `${lowest.toFixed(2)}–${highest.toFixed(2)}`;
    print(
      `${name.padEnd(52)} ${ratio.toFixed(2)} (${range})   raw ${number(raw)}/s   ashlar ${number(ashlar)}/s`,
    );
  }
  await close();
}
await ledgerFigures(scale, rounds, print);
await backupFigures(scale, rounds, print);
