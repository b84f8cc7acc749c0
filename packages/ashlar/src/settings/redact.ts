import { percentDecoded } from './percent.js';

const secretParameters = /([?&](?:password|key|hexkey|sslpassword)=)[^&#]*/gi;

/**
 * Returns a database URL with its password and key replaced by `***`, for messages and logs. Text that is not a URL is
 * redacted in the same way: whatever is between `:` and `@` after a scheme is removed.
 */
export function redactUrl(url: string): string {
  return (
    url
      // the last @ before the path ends the password: passwords are often pasted without percent-encoding
      .replace(/^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@/is, (_, scheme: string, login: string) => {
        const [user = ''] = login.split(':');
        return login.includes(':') ? `${scheme}${user}:***@` : `${scheme}${user}@`;
      })
      .replace(secretParameters, '$1***')
  );
}

/** Returns the passwords and keys in a URL, as written and percent-decoded, for {@link scrub}; empty if it has none. */
export function passwordsOf(url: string): string[] {
  const [, login = ''] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/is.exec(url) ?? [];
  const at = login.indexOf(':');
  const written = at < 0 ? '' : login.slice(at + 1);
  const inQuery = [...url.matchAll(secretParameters)].map(([whole]) => whole.slice(whole.indexOf('=') + 1));
  return [written, ...inQuery]
    .flatMap((text) => [text, percentDecoded(text) ?? text])
    .filter((text) => text !== '');
}

/** Replaces each of these secrets in a text by `[secret]`: the last protection before the text is printed. */
export function scrub(text: string, secrets: readonly string[]): string {
  // shorter secrets would replace parts of ordinary words and protect nothing
  return secrets
    .filter((secret) => secret.length >= 4)
    .reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text);
}
