export declare const errorsPage: (
  codes: Readonly<Record<string, { exit: number; meaning: string }>>,
) => string;
