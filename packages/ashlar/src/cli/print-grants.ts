import type { RoleChange, Roles } from '../roles/index.js';
import type { Output } from './output.js';

/** Prints the changes of roles and rights: the number of statements that granted rights, and each revoked right. */
export function printGrants(out: Output, { app, auditor }: Roles, changes: readonly RoleChange[]): void {
  const taken = changes.filter(({ takes }) => takes);
  const given = changes.length - taken.length;
  if (given > 0) {
    const statements = `${given} statement${given > 1 ? 's' : ''}`;
    out.line(`  ${out.style('green', 'granted')} ${app} and ${auditor} missing rights (${statements})`);
  }
  for (const { difference } of taken) out.line(`  ${out.style('yellow', 'corrected')} ${difference}`);
}
