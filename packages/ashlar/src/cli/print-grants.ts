import type { RoleChange, Roles } from '../roles/index.js';
import type { Output } from './output.js';

/** What was mended about roles and rights: how much was given, and each thing that was taken back. */
export function printGrants(out: Output, { app, auditor }: Roles, changes: readonly RoleChange[]): void {
  const taken = changes.filter(({ takes }) => takes);
  const given = changes.length - taken.length;
  if (given > 0) {
    const statements = `${given} statement${given > 1 ? 's' : ''}`;
    out.line(`  ${out.style('green', 'granted')} ${app} and ${auditor} what they lacked (${statements})`);
  }
  for (const { difference } of taken) out.line(`  ${out.style('yellow', 'mended')} ${difference}`);
}
