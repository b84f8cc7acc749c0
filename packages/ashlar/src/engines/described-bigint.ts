/**
 * Returns whether the CHECK of a described column of integers names one beyond 2^53, as that of every bigint column does:
 * with narrower bounds its values are those of an integer, too.
 */
export function namesBigint(check: string): boolean {
  return (check.match(/\d+/g) ?? []).some((digits) => BigInt(digits) > BigInt(Number.MAX_SAFE_INTEGER));
}
