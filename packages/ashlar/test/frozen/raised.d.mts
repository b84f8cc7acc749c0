import type { SqlDialect, SqlName } from 'ashlar/extend';
import type { Foundation } from '../../src/contract/dialect.js';

export const raised: (dialect: SqlDialect, options?: { to?: 2 | 3; isSlow?: boolean }) => Foundation;
export const firstChange: (name: SqlName) => string;
