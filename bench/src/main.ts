import { parseArgs } from 'node:util';
import { backupFigures } from './backup.js';
import { encryptionComparisons } from './encryption.js';
import { ledgerFigures } from './ledger.js';
import { compare } from './measure.js';
import { postgresComparisons } from './postgres.js';
import { scopeFigures } from './scopes.js';
import { sqliteComparisons } from './sqlite.js';
import { testingFigures } from './testing.js';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const [scale, rounds] = values.quick ? [1, 5] : [4, 9];

const print = (line: string) => process.stdout.write(`${line}\n`);
const number = (value: number) => Math.round(value).toLocaleString('en-US');

print(
  `ratio = rate of Ashlar ÷ raw driver with the same SQL, or of an encrypted ÷ a plain file; interleaved; median of ${rounds} rounds (lowest–highest)`,
);
const groups = [
  { open: sqliteComparisons, peer: 'raw', ours: 'ashlar' },
  { open: postgresComparisons, peer: 'raw', ours: 'ashlar' },
  { open: encryptionComparisons, peer: 'plain', ours: 'encrypted' },
];
for (const { open, ...names } of groups) {
  const { comparisons, close } = await open(scale);
  for (const comparison of comparisons) {
    const { name, peer, ours, ratio, lowest, highest } = await compare(comparison, rounds);
    const range = `${lowest.toFixed(2)}–${highest.toFixed(2)}`;
    print(
      `${name.padEnd(52)} ${ratio.toFixed(2)} (${range})   ${names.peer} ${number(peer)}/s   ${names.ours} ${number(ours)}/s`,
    );
  }
  await close();
}
await scopeFigures(rounds, print);
await ledgerFigures(scale, rounds, print);
await backupFigures(scale, rounds, print);
await testingFigures(20, print);
