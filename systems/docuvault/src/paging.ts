import { parseInput } from 'ashlar';
import type { Page, PageBy, PagedQuery } from 'ashlar/query';
import { z } from 'zod';
import type { DocuvaultSession } from './tables.js';

/** Which page of a list to read. */
export interface ListOptions {
  /** The `next` of the page before; without it, the first page. */
  readonly after?: string | null | undefined;
  /** The most rows of the page, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
}

const options = z.object({
  after: z.string().nullish(),
  limit: z.int().min(1).max(1_000).default(100),
});

/**
 * Reads a page of a list by the key of the page before, so that rows which are added or removed meanwhile do not shift the
 * following pages.
 *
 * @throws AshlarError `input-invalid` for a limit out of range, or a cursor of another list
 */
export function pageOf<Row>(
  s: DocuvaultSession,
  query: PagedQuery<Row>,
  by: readonly PageBy<Row>[],
  { after, limit }: ListOptions,
): Promise<Page<Row>> {
  return s.page(query, { by, ...parseInput('Invalid page', options, { after, limit }) });
}
