import type { DataCheck } from '../../contract/data-check.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';

/** The length in bytes of a wrapped key: a key of 32 bytes in an envelope. */
const wrappedBytes = 77;

/** Finds data keys that cannot be used, and scopes that got a key after they were shredded. */
export function keyringData({ name }: TableFacts): readonly DataCheck[] {
  const has = (condition: string): string =>
    `EXISTS (SELECT 1 FROM ${identifier(name)} AS other WHERE other.scope = t.scope AND ${condition})`;
  return [
    { what: 'is no wrapped key', bad: `t.wrapped IS NOT NULL AND length(t.wrapped) <> ${wrappedBytes}` },
    {
      what: 'is a key of a scope that was shredded',
      bad: `t.wrapped IS NOT NULL AND ${has('other.shredded_at IS NOT NULL')}`,
    },
    { what: 'has no key before it', bad: `t.version > 1 AND NOT ${has('other.version = t.version - 1')}` },
  ];
}
