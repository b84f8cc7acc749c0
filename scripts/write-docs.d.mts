import type { Guarantee, TableFacts } from 'ashlar/extend';

import type { errorDocs } from './error-docs.mjs';

export const errorsPage: (
  codes: Readonly<Record<string, { exit: number; meaning: string }>>,
  docs?: Partial<typeof errorDocs>,
) => string;
export const guaranteeSamples: Readonly<Record<string, unknown>>;
export const guaranteesPage: (ashlar: object, guarantees: object, z: object) => string;
export const whyNot: (
  guarantees: readonly {
    readonly guarantee: Guarantee;
    readonly table: Pick<TableFacts, 'name' | 'columns'>;
  }[],
) => { readonly what: string; readonly why: string } | undefined;
