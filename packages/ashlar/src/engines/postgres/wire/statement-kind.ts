const data = /^\s*(?:select|insert|update|delete|with|merge|values)\b/i;
const plainRead = /^\s*(?:select|values|table|show|explain)\b/i;

/** Whether a statement is worth preparing and keeping: a query or a change of rows, not DDL. */
export function isKept(sql: string): boolean {
  return data.test(sql);
}

/** Whether a statement cannot change rows by its form; others run in a read-only transaction where only reading is allowed. */
export function isPlainRead(sql: string): boolean {
  return plainRead.test(sql);
}
