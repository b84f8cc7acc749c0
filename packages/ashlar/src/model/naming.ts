/** Returns the name that a column has in the database, given its name in TypeScript. */
export type Naming = (property: string) => string;

/** The rules by which {@link naming} names columns. */
export type NamingRule = 'snake_case' | 'camelCase';

/** The rule of `table()` and `view()`: a column has the same name in both. */
export const unchanged: Naming = (property) => property;

// `userID` and `HTMLBody` are words too
const snakeCase: Naming = (property) =>
  property
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();

const camelCase: Naming = (property) =>
  property.replaceAll(/(?<=[A-Za-z0-9])_+([A-Za-z0-9])/g, (_, first: string) => first.toUpperCase());

/** The name that each rule gives to a property. */
export const namings: Readonly<Record<NamingRule, Naming>> = { snake_case: snakeCase, camelCase };
