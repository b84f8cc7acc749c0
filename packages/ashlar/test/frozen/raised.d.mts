import type { SqlDialect, SqlName } from 'ashlar/extend';
import type { Foundation } from '../../src/contract/dialect.js';

export const raised: (dialect: SqlDialect, options?: { more?: 1 | 2; isSlow?: boolean }) => Foundation;
export const firstChange: (name: SqlName) => string;
