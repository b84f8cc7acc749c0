import { columnRules } from './columns.js';
import { constraintRules } from './constraints.js';
import { dataRules } from './data.js';
import { formRules } from './form.js';
import { guardChangeRules } from './guard-changes.js';
import { guardRules } from './guards.js';
import { indexRules } from './indexes.js';
import type { Rule } from './rule.js';

/** All rules, in the order in which dangers of a statement are told. */
export const dangerRules: readonly Rule[] = [
  ...guardRules,
  ...guardChangeRules,
  ...dataRules,
  ...columnRules,
  ...constraintRules,
  ...indexRules,
  ...formRules,
];
