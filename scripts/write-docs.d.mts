export declare const errorsPage: (
  codes: Readonly<Record<string, { exit: number; meaning: string }>>,
) => string;
export const guaranteeSamples: Readonly<Record<string, unknown>>;
export const guaranteesPage: (ashlar: object, guarantees: object, z: object) => string;
