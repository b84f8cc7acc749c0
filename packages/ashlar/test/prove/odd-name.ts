const first = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** A name that needs quotes: with upper case, spaces, a hyphen and a digit. `client_id` is `Client_id as-1 Of`. */
export const oddName = (property: string): string => `${first(property)} as-1 Of`;
