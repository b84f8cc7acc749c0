import { simulatedExecutor, simulatedRate } from '@ashlar/shipping';
import { idempotencyKey, rowChecksum } from 'ashlar/jobs';
import { describe, expect, test } from 'vitest';

const row = (row_number: number, row_data: Record<string, string> = {}) => ({
  job_id: 'job',
  row_number,
  row_data,
});
const attempt = (number: number, attempt = 1) => ({
  idempotencyKey: idempotencyKey('job', number),
  attempt,
  signal: new AbortController().signal,
});

describe('the simulated executor', () => {
  test('marks every tracking number and label as simulated, and always returns the same result', async () => {
    const { run } = simulatedExecutor();
    const shipment = await run(row(1), attempt(1));
    expect(shipment.tracking_number).toContain('SIMULATED');
    expect(shipment.label_path).toContain('SIMULATED');
    expect(await run(row(1), attempt(1, 2))).toEqual(shipment);
    expect((await run(row(2), attempt(2))).tracking_number).not.toBe(shipment.tracking_number);
  });

  test('prices by ship mode, weight class and quantity, in whole cents', () => {
    const rate = (mode: string, sub: string, quantity: string) =>
      simulatedRate({ 'Ship Mode': mode, 'Sub-Category': sub, Quantity: quantity });
    expect(rate('Standard Class', 'Binders', '2')).toBe(595 + 2 * 45);
    expect(rate('Same Day', 'Chairs', '1')).toBe(2495 + 1290);
    expect(rate('First Class', 'Phones', '3')).toBe(1295 + 3 * 185);
    for (const odd of ['', 'x', '-4', '1e99', 'NaN'])
      expect(rate('Unheard of', 'Nothing', odd)).toSatisfy(Number.isSafeInteger);
  });

  test('fails the given rows for the given number of attempts', async () => {
    const { run } = simulatedExecutor({ fail: [3], failAttempts: 2 });
    await expect(run(row(3), attempt(3, 1))).rejects.toMatchObject({ code: 'simulated_failure' });
    await expect(run(row(3), attempt(3, 2))).rejects.toThrow('SIMULATED');
    await expect(run(row(3), attempt(3, 3))).resolves.toBeDefined();
    await expect(run(row(4), attempt(4, 1))).resolves.toBeDefined();
  });
});

describe('a checksum of a row', () => {
  test('does not depend on the order of columns, including those with numeric names', () => {
    expect(rowChecksum({ a: '1', b: { d: 2, c: [1, null] } })).toBe(
      rowChecksum({ b: { c: [1, null], d: 2 }, a: '1' }),
    );
    expect(rowChecksum({ 10: 'x', 2: 'y' })).toBe(rowChecksum({ 2: 'y', 10: 'x' }));
    expect(rowChecksum({})).toMatch(/^[0-9a-f]{64}$/);
  });

  test('differs if the data differ', () => {
    const different = [{ a: '1' }, { a: 1 }, { a: '1', b: null }, { b: '1' }, { a: ['1'] }, { a: '' }, {}];
    expect(new Set(different.map(rowChecksum)).size).toBe(different.length);
    expect(rowChecksum({ a: { b: '1' } })).not.toBe(rowChecksum({ a: [['b', '1']] }));
  });
});
