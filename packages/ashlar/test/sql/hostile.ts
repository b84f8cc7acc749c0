import fc from 'fast-check';

/** Pieces of SQL on which readers of SQL disagree. */
const pieces = [
  ...[
    'SELECT',
    ' ',
    '1',
    ' 1 ',
    'a',
    'é',
    ',',
    '(',
    ')',
    ';',
    '+',
    '=',
    '.',
    '\n',
    '\r',
    '\r\n',
    '\t',
    '\v',
    '\f',
  ],
  ...["'", "''", "'a;b'", '"', '""', '"a;b"', '`', '``', '[', ']', '[a;b]', "x'00'", "X'", "b'01'"],
  ...['--', '-- ;', "-- '\n", '/*', '*/', '/* ; */', '/* /* ; */ */', '/', '*'],
  ...['$', '$$', '$a$', '$a$;$a$', '$$;$$', '$1', '?', '?1', ':a', '@a', '$a', '#a', 'a$b'],
  ...["E'", "e'\\'", "E'\\''", 'U&', "U&'\\0061'", 'U&"a"', 'N', '\\', '\\\\'],
  ...['BEGIN', 'END', 'CASE', 'ATOMIC', 'CREATE', 'TRIGGER', 'FUNCTION', 'TEMP', 'EXPLAIN', 'AS', 'WITH'],
  ...['\ufeff', '\u00a0', '\0', '1e', '1e5', '0x1', '1_0', '.5', '1.', '::', ':=', '->>'],
];

/** Texts of such pieces: few of them are SQL. */
export const hostileText = fc
  .array(fc.constantFrom(...pieces), { maxLength: 20 })
  .map((parts) => parts.join(''));
