import type { ProveReport } from 'ashlar/prove';
import { describe, expect, it } from 'vitest';
import { reportPage } from '../../src/prove/page/page.js';

const report: ProveReport = {
  system: 'wills',
  engine: 'SQLite 3',
  url: 'sqlite:<w>.db',
  at: '2026-02-06T08:00:00.000Z',
  fingerprint: 'f'.repeat(64),
  tables: [
    {
      table: 'a"table',
      guarantee: 'append-only',
      summary: 'Rows & more stay.',
      level: 'emulated',
      weaker: 'somewhat',
      attacks: [
        {
          name: 'DELETE',
          as: 'app',
          expect: 'refused',
          stoppedBy: 'trigger',
          by: "ashlar/append-only: <script>alert('x')</script>",
          verdict: 'refused',
        },
        {
          name: 'UPDATE',
          as: 'owner',
          expect: 'refused',
          stoppedBy: 'nothing',
          by: 'was not refused',
          verdict: 'failed',
        },
      ],
    },
    { table: 'b', guarantee: 'even', summary: 'Even.', level: 'enforced', attacks: [] },
  ],
  structure: [
    { check: 'schema', ok: false, found: ['clauses: drop trigger <t>'] },
    { check: 'drift', ok: true, found: [], unknown: 'no driver' },
  ],
  ledgers: [{ ledger: 'consents', size: 7, root: 'abc', checked: 7, ok: true, found: [], unverified: [] }],
  ok: false,
};

describe('the HTML report', () => {
  const page = reportPage(report);

  it('escapes every value', () => {
    expect(page).not.toContain('<script');
    expect(page).not.toContain('sqlite:<w>');
    expect(page).toContain('&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;');
    expect(page).toContain('a&quot;table');
    expect(page).toContain('Rows &amp; more stay.');
  });

  it('is one printable file that loads no other resource', () => {
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/\b(src|href)=|@import|url\(/);
    expect(page).toContain('@media print');
    const count = (tag: RegExp): number => page.match(tag)?.length ?? 0;
    for (const tag of ['section', 'table', 'tr', 'td', 'ul', 'li', 'dl', 'span', 'h2', 'p'])
      expect(count(new RegExp(`</${tag}>`, 'g')), tag).toBe(count(new RegExp(`<${tag}[ >]`, 'g')));
  });

  it('shows the time, the schema fingerprint, the ledger heads and the failures', () => {
    for (const text of ['2026-02-06T08:00:00.000Z', 'f'.repeat(64), '7 entries', 'no driver', 'abc'])
      expect(page).toContain(text);
    expect(page).toContain('a&quot;table, append-only, as the owner: UPDATE: was not refused');
    expect(page).toContain('2 failed');
    expect(reportPage({ ...report, ok: true, tables: [], structure: [] })).toContain('All guarantees hold');
  });
});
