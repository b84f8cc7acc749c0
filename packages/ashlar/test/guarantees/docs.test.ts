import { readFileSync } from 'node:fs';
import * as ashlar from 'ashlar';
import * as guarantees from 'ashlar/guarantees';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { guaranteeSamples, guaranteesPage } from '../../../../scripts/write-docs.mjs';

it('docs/guarantees.md matches the guarantees', () => {
  const committed = readFileSync(new URL('../../../../docs/guarantees.md', import.meta.url), 'utf8');
  expect(committed).toBe(guaranteesPage(ashlar, guarantees, z));
});

it('docs/guarantees.md documents every guarantee', () => {
  expect(Object.keys(guaranteeSamples).sort()).toEqual(Object.keys(guarantees).sort());
});
