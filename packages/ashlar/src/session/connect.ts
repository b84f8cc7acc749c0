import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { openEngine } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import type { Tables } from '../model/index.js';
import { rolesFrom } from '../roles/names.js';
import { reveal, type Secret, settings } from '../settings/index.js';
import type { ConnectOptions } from './connect-options.js';
import { Database } from './database.js';

/**
 * Opens the database of a system. It must have been brought up before (`ashlar up`, or `up()`).
 *
 * @throws AshlarError what `openEngine` throws; `settings-invalid` when there is neither `url` nor `DATABASE_URL`;
 *   `role-too-strong` when the user could change the schema and cannot step down from that, unless `allowOwner` is set
 *
 * @example
 * const db = await connect(shipping, { url: 'sqlite:data/shipping.db' });
 * const job = await db.session({ actor: 'user:42' }, (s) => s.get(jobs, id));
 */
export async function connect<T extends Tables>(
  system: SystemFacts<T>,
  options: ConnectOptions = {},
): Promise<Database<T>> {
  const place: PlaceOptions =
    options.url === undefined ? placeFromSettings() : { url: options.url, key: options.key };
  const engine = await openEngine({
    ...options,
    url: reveal(place.url),
    key: place.key === undefined ? undefined : reveal(place.key),
    appRole: options.appRole ?? place.appRole,
  });
  if (!options.allowOwner) {
    const tooStrong = strengthOf(engine);
    if (tooStrong) {
      await engine.close();
      throw tooStrong;
    }
  }
  return new Database(engine, system, options);
}

/** Why the user of an open database may not run sessions there; `undefined` where he may. */
const strengthOf = ({ connectedRole }: Engine): AshlarError | undefined => {
  if (
    !connectedRole?.canChangeSchema ||
    connectedRole.sessionRole !== undefined ||
    !connectedRole.initialised
  )
    return undefined;
  return new AshlarError('role-too-strong', {
    message: `The role ${connectedRole.user} can change the schema, so the guarantees would not bind its sessions.`,
    detail: 'It has no role of the application to step down to that was granted its rights here.',
    suggestion:
      'Run ashlar up, which makes and grants the roles; or let DATABASE_URL name a role that can only read and write. Passing allowOwner (--allow-owner) goes without.',
  });
};

interface PlaceOptions {
  readonly url: string | Secret;
  readonly key: string | Secret | undefined;
  readonly appRole?: string;
}

const placeFromSettings = (): PlaceOptions => {
  const known = settings();
  const { databaseUrl: url, databaseKey: key } = known;
  // with two URLs it is the user himself, who then has nothing to step down to
  if (url) return { url, key, appRole: rolesFrom(known).app };
  throw new AshlarError('settings-invalid', {
    message: 'No database was named.',
    suggestion: 'Set DATABASE_URL, or give connect(…) a url.',
  });
};
