import { experts, logExchange } from '@ashlar/experts';
import { countAttacks, failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { type OpenExperts, someExchange, startExperts } from './support.js';

describe.each(engines)('the guarantees of experts on $name', (engine) => {
  let place: OpenExperts;
  beforeAll(async () => {
    place = await startExperts(engine);
  });
  afterAll(() => place.remove());

  const stored = () =>
    place.db.read(async (s) => [
      await s.query.selectFrom('leads').selectAll().execute(),
      await s.query.selectFrom('conversations').selectAll().orderBy('id').execute(),
    ]);

  it('withstand every attack on an empty and on a filled log, and no row changes', async () => {
    expect(failuresOf(await prove(place.db.engine, experts))).toEqual([]);
    await place.db.session(async (s) => {
      await logExchange(s, someExchange());
      await logExchange(s, someExchange({ response_type: 'clarification' }));
    });
    const before = await stored();
    const report = await prove(place.db.engine, experts);
    expect(failuresOf(report)).toEqual([]);
    expect(countAttacks(report)).toBeGreaterThanOrEqual(25);
    const attempted = report.tables.flatMap(({ attacks }) => attacks.map(({ name }) => name));
    expect(attempted).toEqual(
      expect.arrayContaining(['stamping gap_resolved again', 'taking gap_resolved back', 'DELETE of a row']),
    );
    expect(await stored()).toEqual(before);
  });
});
