// A child process that upgrades a database, prints each statement of the upgrade after it has run, and is killed. Argument:
// its options as JSON.
import { z } from 'zod';
import { openEngine } from '../../build/extend/index.js';
import * as guarantees from '../../build/guarantees/index.js';
import * as ashlar from '../../build/index.js';
import { upWith } from '../../build/migrations/up.js';
import { makeSystem } from './1/system.mjs';
import { raised } from './raised.mjs';

const { url, key } = JSON.parse(process.argv[2]);
const office = makeSystem(ashlar, guarantees, z, new URL('./1/migrations/', import.meta.url));
const engine = await openEngine({
  url,
  key,
  onStatement: ({ sql }) => process.stdout.write(`${JSON.stringify(sql)}\n`),
});
await upWith(raised(engine.dialect, { isSlow: true }), engine, office);
await engine.close();
process.stdout.write('done\n');
