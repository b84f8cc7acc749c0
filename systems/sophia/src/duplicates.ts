import { WRatio } from 'fuzzball';
import { bareName } from './plain-words.js';
import { sophiaSettings } from './settings.js';
import type { Client, SophiaSession } from './tables.js';

/** A client whose name is like another. */
export interface LikelyDuplicate {
  readonly id: Client['id'];
  readonly name: string;
  readonly is_archived: boolean;
  /** How like: 100 for the same words. */
  readonly score: number;
}

/**
 * How like two names are, 0 to 100, without case, accents, punctuation and legal forms: fuzzball's weighted ratio, which
 * takes words in another order and names that contain one another for alike, but less so than the same words.
 */
export const nameScore = (one: string, another: string): number => {
  const [a, b] = [one, another].map((name) => bareName(name).join(' '));
  return WRatio(a ?? '', b ?? '', { full_process: false });
};

/**
 * The clients that a new one of this name could be a duplicate of, archived ones too, the likeliest first. Of those that
 * the session may see: ask in every scope.
 *
 * @param options - `least`: the score from which on (default: the setting `DUPLICATE_SCORE`, 85); `limit`: how many (5)
 */
export const likelyDuplicates = async (
  s: SophiaSession,
  name: string,
  {
    least = sophiaSettings().duplicate_score,
    limit = 5,
  }: { readonly least?: number | undefined; readonly limit?: number | undefined } = {},
): Promise<LikelyDuplicate[]> => {
  const clients = await s.query.selectFrom('clients').select(['id', 'name', 'is_archived']).execute();
  return clients
    .map((client) => ({ ...client, score: nameScore(name, client.name) }))
    .filter(({ score }) => score >= least)
    .toSorted((a, b) => b.score - a.score || a.name.localeCompare(b.name, 'en'))
    .slice(0, limit);
};
