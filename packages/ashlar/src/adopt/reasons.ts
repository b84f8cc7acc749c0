import type { AdoptReason } from '../contract/adoption.js';

/** Why something of another program is not declared, in words. It stays as it is. */
export const reasonTexts: Readonly<Record<AdoptReason, string>> = {
  'type-unknown': 'no declaration has this type',
  'type-without-digits':
    'a number without digits: choose decimal(total, scale) or z.number(), and declare it',
  'type-domain': 'a domain: declare the column with the type below it, and its rules',
  'type-folds-case': 'text that compares without case, which no declaration does',
  computed: 'computed by the database: declare it by computed()',
  numbered: 'numbered by the database, and not the key',
  name: 'no declaration can have this name',
  'no-primary-key': 'the table has no primary key',
  'key-not-declared': 'a column of the primary key is not declared',
  partitioned: 'partitioned by another program, so it is not in the step either',
  'folds-to-another': 'another table has the same name but for its case',
  'key-null': 'its primary key has NULLs',
  'values-mixed': 'its values are of several types',
  'values-outside': 'it has times that no declaration holds: infinity, or a year beyond 9999',
  default: 'no declaration has its default, which the other program may rely on',
  'values-nul': 'it has text with a NUL character',
};
