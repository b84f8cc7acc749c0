import { WRatio } from 'fuzzball';
import { bareName } from './plain-words.js';
import { sophiaSettings } from './settings.js';
import type { Client, SophiaSession } from './tables.js';

/** An existing client whose name is similar to the name of a new client. */
export interface LikelyDuplicate {
  readonly id: Client['id'];
  readonly name: string;
  readonly is_archived: boolean;
  /** The similarity of the two names, 0 to 100; 100 if their words are the same. */
  readonly score: number;
}

/**
 * Computes the similarity of two names, 0 to 100, ignoring case, accents, punctuation and legal forms. It is fuzzball's
 * weighted ratio: reordered words and names that contain each other are similar, but less so than the same words.
 */
export function nameScore(one: string, another: string): number {
  const [a, b] = [one, another].map((name) => bareName(name).join(' '));
  return WRatio(a ?? '', b ?? '', { full_process: false });
}

/**
 * Finds the clients (also archived ones) whose names are similar to the name of a new client, most similar first. It
 * searches the clients visible to the session: call it in a session of every scope.
 *
 * @param options - `least`: the minimum score, by default the setting `DUPLICATE_SCORE` (85); `limit`: the maximum
 *   number of results, 5 by default
 */
export async function likelyDuplicates(
  s: SophiaSession,
  name: string,
  {
    least = sophiaSettings().duplicate_score,
    limit = 5,
  }: { readonly least?: number | undefined; readonly limit?: number | undefined } = {},
): Promise<LikelyDuplicate[]> {
  const clients = await s.query.selectFrom('clients').select(['id', 'name', 'is_archived']).execute();
  return clients
    .map((client) => ({ ...client, score: nameScore(name, client.name) }))
    .filter(({ score }) => score >= least)
    .toSorted((a, b) => b.score - a.score || a.name.localeCompare(b.name, 'en'))
    .slice(0, limit);
}
