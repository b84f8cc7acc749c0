import type { ContextState } from '../../../contract/context.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { TransactionOptions } from '../../../contract/transaction.js';
import { isRefused, scopeKeyError } from '../../scope-key-error.js';
import type { Channel, Request } from '../wire/channel.js';
import { wireValues } from '../wire/parameters.js';
import { keyAmong, type SigningKey, sign } from './context-key.js';
import { trustsSettings } from './unverified.js';

/** The actor and the scope of a transaction. */
export type Context = Pick<TransactionOptions, 'actor' | 'scope'>;

// clock_timestamp: not the beginning of the transaction, which may be long ago
const facts = `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, s.id, s.identity, s.check_value,
  CASE WHEN s.id IS NOT NULL THEN EXISTS (${trustsSettings}) END
FROM (VALUES (1)) AS one LEFT JOIN ashlar_signing() AS s ON true`;

// as parameters: other sessions of the role can read the texts of statements. The function verifies at once, so that a
// context that is refused ends the transaction before anything has run in it
const setContext =
  "SELECT set_config('ashlar.actor', $1, true), set_config('ashlar.scope', $2, true), set_config('ashlar.token', $3, true), ashlar_context(current_user)";

/** A token that no key signs. */
const unsigned = 'unsigned';

/** Whether an error says that the database refused the context of a session. */
export function isContextRefused(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === '28000' && typeof message === 'string' && message.startsWith('ashlar/context: ');
}

/** Signs the contexts of sessions where the database verifies them (decision 0026). All sessions of an engine share one. */
export class ContextSigner {
  readonly #scopeKey: string | undefined;
  /** Whether a database without a key is refused: by option, and once it had a key. */
  #isRequired: boolean;
  #state: ContextState = 'settings';
  #trustsSettings = false;
  #key: SigningKey | undefined;
  /** How far the server's clock is ahead, in milliseconds. */
  #ahead = 0;
  #isDoubtful = false;
  /** Whether the database has the function that verifies. */
  #canVerify = false;

  /** @param options - SCOPE_KEY, 64 hex digits, and whether the database must have a key */
  constructor({ scopeKey, requireScopeKey = false }: Pick<OpenOptions, 'scopeKey' | 'requireScopeKey'>) {
    this.#scopeKey = scopeKey;
    this.#isRequired = requireScopeKey;
  }

  get state(): ContextState {
    return this.#state;
  }

  /** Whether the database has a key, and yet policies or trails of an earlier release, which do not verify. */
  get trustsSettings(): boolean {
    return this.#trustsSettings;
  }

  /** Whether sessions give a key that the database does not ask for. */
  get isUnused(): boolean {
    return this.#state === 'settings' && this.#scopeKey !== undefined && this.#canVerify;
  }

  /** Whether the keys should be read again before the next transaction begins. */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  /** Call it when the database refused a context after the beginning of its transaction: the keys may have changed. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /**
   * Reads the keys that the database accepts, and its clock.
   *
   * @throws AshlarError `settings-invalid` for a text that is no key
   */
  async learn(channel: Channel): Promise<void> {
    const before = Date.now();
    this.#isDoubtful = false;
    const reply = await channel.send({ text: facts }).catch((error: unknown) => {
      if (isUnknown(error)) return undefined;
      throw error;
    });
    this.#canVerify = reply !== undefined;
    const here = (before + Date.now()) / 2;
    this.#key = undefined;
    const rows = reply?.rows ?? [];
    this.#ahead = rows[0]?.[0] ? Number(rows[0][0]) - here : 0;
    const keys = rows.flatMap(([, id, identity, check]) =>
      id && identity && check ? [{ id: Number(id), identity, check }] : [],
    );
    this.#trustsSettings = rows.some((row) => row[4] === 't');
    if (keys.length === 0) {
      this.#state = this.#isRequired ? 'key-absent' : 'settings';
      // until `up` brings one
      this.#isDoubtful = this.#isRequired;
      return;
    }
    // a database that loses its keys must not trust settings again while this process runs
    this.#isRequired = true;
    if (this.#scopeKey === undefined) {
      this.#state = 'key-missing';
      return;
    }
    this.#key = keyAmong(keys, this.#scopeKey);
    this.#state = this.#key ? 'signed' : 'key-wrong';
  }

  /** The time of the server, in milliseconds since 1970, as far as it is known here. */
  now(): number {
    return Math.round(Date.now() + this.#ahead);
  }

  /**
   * Returns the statement that gives a transaction its actor and scope, signed; `undefined` where the database wants no
   * signature. An instance that has a key already gives a token that is none: the database refuses it as soon as it has a
   * key too, before anything has run.
   *
   * @param issued - the time of the server; within a transaction, that of its first context
   * @throws AshlarError `scope-key-missing`, `scope-key-wrong`, `scope-key-absent`
   */
  request({ actor, scope }: Context, issued: number): Request | undefined {
    const context = { actor: actor ?? '', scope: scope ?? '' };
    const token = this.#token(context, issued);
    if (token === undefined) return undefined;
    return { text: setContext, values: wireValues([context.actor, context.scope, token]), keep: true };
  }

  /**
   * The same for those whom the database trusts without a signature, the owner and the auditor: they need no key.
   */
  requestOfOwner(context: Context, issued: number): Request | undefined {
    return this.#key ? this.request(context, issued) : undefined;
  }

  #token(context: { readonly actor: string; readonly scope: string }, issued: number): string | undefined {
    if (this.#key) return sign(this.#key, context, issued);
    if (isRefused(this.#state)) throw scopeKeyError(this.#state);
    return this.isUnused ? unsigned : undefined;
  }
}

// undefined_function, invalid_schema_name: no foundation, or an older one. insufficient_privilege: this role signs nothing
const isUnknown = (error: unknown): boolean =>
  ['42883', '3F000', '42501'].includes(String((error as { code?: unknown }).code));
