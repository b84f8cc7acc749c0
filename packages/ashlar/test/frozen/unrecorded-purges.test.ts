import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Table } from 'ashlar';
import type { Engine } from 'ashlar/extend';
import { checkpointLedger, exportLedger, newLedgerKey, openLedger, verifyLedger } from 'ashlar/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { behindItsBack } from '../ledger/sabotage.js';
import { office, restored } from './frozen.js';

const { engines } = oneOfEach(import.meta.url);

describe.each(engines)('what version 1 purged, before the step that records it, on $name', (engine) => {
  const { key } = newLedgerKey('example.com/test');
  let place: Place;
  let owner: Engine;
  let folder: string;
  beforeEach(async () => {
    place = await engine.place();
    owner = await restored(place);
    folder = await mkdtemp(join(tmpdir(), 'ashlar-checkpoints-'));
  });
  afterEach(async () => {
    await owner.close();
    await place.remove();
    await rm(folder, { recursive: true });
  });

  const ledger = () =>
    openLedger(owner, office, office.tables.letters as Table, {
      checkpoints: join(folder, 'checkpoints'),
      key,
    });
  const verified = async (full: boolean) => {
    const { problems, unverified } = await verifyLedger(ledger(), { full });
    return { problems: problems.map(({ what }) => what), unverified };
  };
  const run = (sql: string) => owner.asOwner((each) => each.run(sql));
  const retire = async (position: number): Promise<void> => {
    const [leaf] = await run(
      `SELECT row_key FROM letters_ledger_tree WHERE level = 0 AND position = ${position}`,
    );
    await behindItsBack(owner, 'letters_ledger_entries', [
      `DELETE FROM letters_ledger_entries WHERE row_key = '${leaf?.row_key}'`,
    ]);
    await behindItsBack(owner, 'letters', [`DELETE FROM letters WHERE id = '${leaf?.row_key}'`]);
  };

  it('cannot be verified, and is no problem; what is missing behind it is one', async () => {
    expect(await verified(true)).toEqual({ problems: [], unverified: [] });
    const size = (await verifyLedger(ledger())).size;
    expect(size).toBeGreaterThan(1);
    await retire(0);
    await behindItsBack(owner, 'letters_ledger_head', ['UPDATE letters_ledger_head SET first_provable = 1']);
    const pending =
      'what was purged before the position 1 cannot be verified: the step that records purges is pending';
    for (const full of [true, false])
      expect(await verified(full)).toEqual({ problems: [], unverified: [pending] });
    await expect(exportLedger(ledger(), join(folder, 'export'))).rejects.toMatchObject({
      code: 'usage',
      suggestion: expect.stringContaining('ashlar migrate new'),
    });
    await checkpointLedger(ledger());
    await expect(exportLedger(ledger(), join(folder, 'export'))).rejects.toMatchObject({ code: 'usage' });
    expect(await verified(true)).toEqual({ problems: [], unverified: [pending] });
    await retire(1);
    expect((await verified(true)).problems).toEqual(['the entry is missing']);
  });
});
