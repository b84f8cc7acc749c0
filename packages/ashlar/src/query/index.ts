export {
  type Compilable,
  type CompiledQuery,
  type Expression,
  type ExpressionBuilder,
  expressionBuilder,
  NoResultError,
  type RawBuilder,
  type Selectable,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely';
export type { QueryTable, QueryTables, QueryView, QueryViews } from '../model/types.js';
export { type MatchOptions, matches } from './matches.js';
export { nested, nestedOne, type RowsOf } from './nested.js';
export type { Page, PageBy, PagedQuery, PageOptions } from './page.js';
