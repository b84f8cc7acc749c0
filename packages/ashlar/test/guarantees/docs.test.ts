import { readFileSync } from 'node:fs';
import * as ashlar from 'ashlar';
import * as guarantees from 'ashlar/guarantees';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { guaranteeSamples, guaranteesPage } from '../../../../scripts/write-docs.mjs';

it('the page of guarantees is as the guarantees are now', () => {
  const committed = readFileSync(new URL('../../../../docs/guarantees.md', import.meta.url), 'utf8');
  expect(committed).toBe(guaranteesPage(ashlar, guarantees, z));
});

it('the page leaves no guarantee out', () => {
  // what the SQL of a guarantee of one's own is made of
  const parts = ['alwaysTrigger', 'raiseOnPostgres', 'raiseOnSqlite', 'sqliteTrigger', 'triggerFunction'];
  expect([...Object.keys(guaranteeSamples), ...parts].sort()).toEqual(Object.keys(guarantees).sort());
});
