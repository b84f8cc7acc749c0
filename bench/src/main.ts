import { parseArgs } from 'node:util';
import { backupFigures } from './backup.js';
import { encryptionComparisons } from './encryption.js';
import { ledgerFigures } from './ledger.js';
import { type Comparison, compare } from './measure.js';
import { postgresComparisons } from './postgres.js';
import { scopeFigures } from './scopes.js';
import { sqliteComparisons } from './sqlite.js';
import { startFigures } from './start.js';
import { testingFigures } from './testing.js';

// node bench/dist/main.js [--quick] [group …]    all groups by default
const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [scale, rounds] = values.quick ? [1, 5] : [4, 9];

const print = (line: string) => process.stdout.write(`${line}\n`);
const number = (value: number) => Math.round(value).toLocaleString('en-US');

type Open = (scale: number) => Promise<{ comparisons: Comparison[]; close(): Promise<void> }>;

const compared = (open: Open, names: { peer: string; ours: string }) => async (): Promise<void> => {
  const { comparisons, close } = await open(scale);
  for (const comparison of comparisons) {
    const { name, peer, ours, ratio, lowest, highest } = await compare(comparison, rounds);
    const range = `${lowest.toFixed(2)}–${highest.toFixed(2)}`;
    print(
      `${name.padEnd(52)} ${ratio.toFixed(2)} (${range})   ${names.peer} ${number(peer)}/s   ${names.ours} ${number(ours)}/s`,
    );
  }
  await close();
};

const groups: Readonly<Record<string, () => Promise<void>>> = {
  start: () => startFigures(rounds, print),
  sqlite: compared(sqliteComparisons, { peer: 'raw', ours: 'ashlar' }),
  postgres: compared(postgresComparisons, { peer: 'raw', ours: 'ashlar' }),
  encryption: compared(encryptionComparisons, { peer: 'plain', ours: 'encrypted' }),
  scopes: () => scopeFigures(rounds, print),
  ledger: () => ledgerFigures(scale, rounds, print),
  backup: () => backupFigures(scale, rounds, print),
  testing: () => testingFigures(20, print),
};

print(
  `ratio = rate of Ashlar ÷ raw driver with the same SQL, or of an encrypted ÷ a plain file; interleaved; median of ${rounds} rounds (lowest–highest)`,
);
for (const [name, run] of Object.entries(groups))
  if (positionals.length === 0 || positionals.includes(name)) await run();
