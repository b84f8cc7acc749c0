import { functions } from '../query/functions.js';
import { clockFunction } from '../touched/touched-tables.js';
import { boundFunctionNames } from './scoped-tables.js';

const builtIn = `
  -> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling changes char coalesce concat concat_ws cos cosh
  count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor format
  glob group_concat hex highlight if ifnull iif instr json json_array json_array_insert json_array_length
  json_error_position json_extract json_group_array json_group_object json_insert json_object json_patch json_pretty
  json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract
  jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set
  julianday lag last_insert_rowid last_value lead length like likelihood likely ln log log10 log2 lower ltrim match max
  median min mod nth_value ntile nullif octet_length percent_rank percentile percentile_cont percentile_disc pi pow power
  printf quote radians random randomblob rank regexp replace round row_number rtrim sign sin sinh snippet soundex
  sqlite_source_id sqlite_version sqrt strftime string_agg substr substring subtype sum tan tanh time timediff total trim
  trunc typeof unhex unicode unistr unistr_quote unixepoch unlikely upper zeroblob`;

/**
 * The functions that a statement of a session may call, in lower case: those of SQLite that compute from their arguments,
 * and Ashlar's own. A function that is not here may load code, write files, change how the file is encrypted or count what
 * other sessions do.
 */
export const allowedFunctions: ReadonlySet<string> = new Set([
  ...builtIn.split(/\s+/).filter(Boolean),
  ...Object.values(functions),
  ...boundFunctionNames,
  clockFunction,
]);
