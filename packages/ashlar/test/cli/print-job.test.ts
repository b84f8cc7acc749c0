import { expect, test } from 'vitest';
import { progressNotes, sumText } from '../../src/cli/print-job.js';

const bytes = { column: 'total_bytes', label: 'bytes', format: (total: number) => `${total} B` };

test.each([
  [12, '12 B'],
  [0, '0 B'],
  [null, '–'],
  [undefined, '–'],
])('a sum of %s', (total_bytes, text) => expect(sumText(bytes, { total_bytes })).toBe(text));

test('the notes of a progress bar are the failed rows and the known sums', () => {
  const progress = { done: 3, total: 4, failed: 1_200, totals: { total_bytes: 12 } };
  expect(progressNotes([bytes], progress)).toEqual(['1,200 failed', '12 B']);
  expect(progressNotes([bytes], { ...progress, failed: 0, totals: { total_bytes: null } })).toEqual([]);
});
