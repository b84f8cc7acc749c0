/**
 * Returns the GLOB pattern that matches the same text as a LIKE pattern in which a backslash escapes the next
 * character. Unlike SQLite's LIKE, GLOB minds the case of letters, as LIKE does on PostgreSQL.
 */
export function globOf(like: string): string {
  let glob = '';
  for (let at = 0; at < like.length; at++) {
    const char = like[at];
    if (char === '%') glob += '*';
    else if (char === '_') glob += '?';
    else glob += literal(char === '\\' ? (like[++at] ?? '') : (char ?? ''));
  }
  return glob;
}

// inside brackets these characters stand for themselves
const literal = (char: string): string => (char === '*' || char === '?' || char === '[' ? `[${char}]` : char);
