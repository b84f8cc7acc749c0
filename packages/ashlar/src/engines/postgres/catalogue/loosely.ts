import { type CodeToken, codeOf, isName } from '../../../sql/code.js';

/**
 * Returns an expression or a definition without what major versions of PostgreSQL print in different ways: the casts of
 * constants, parentheses around one token or around others, and the relation before a column in a view. Strings, numbers,
 * schemas and all other parentheses stay.
 */
export function loosely(text: string): string {
  let tokens: readonly CodeToken[] = withoutRelations(codeOf(text, 'postgres'));
  for (let length = -1; length !== tokens.length; ) {
    length = tokens.length;
    tokens = withoutParentheses(withoutCasts(tokens));
  }
  return tokens.map(({ text: each }) => each).join(' ');
}

const constants = new Set(['NULL', 'TRUE', 'FALSE']);

const isConstant = ({ kind, word }: CodeToken): boolean =>
  kind === 'string' || kind === 'number' || constants.has(word);

/** The words of the built-in types whose names have several words. */
const typeWords = new Set(['VARYING', 'PRECISION', 'WITH', 'WITHOUT', 'TIME', 'ZONE']);

/** The position behind the type that begins at `at`; `at` if it is a type of a schema, or one that names an object. */
const typeEnd = (tokens: readonly CodeToken[], at: number): number => {
  const first = tokens[at];
  if (!first || !isName(first) || first.word.startsWith('REG') || tokens[at + 1]?.text === '.') return at;
  let end = at + 1;
  for (let more = true; more; ) {
    const start = end;
    if (typeWords.has(tokens[end]?.word ?? '')) end++;
    else if (tokens[end]?.text === '(' && tokens[end + 1]?.kind === 'number')
      end = tokens.findIndex(({ text }, i) => i > end && text === ')') + 1;
    else if (tokens[end]?.text === '[' && tokens[end + 1]?.text === ']') end += 2;
    more = end > start;
  }
  return end;
};

const withoutCasts = (tokens: readonly CodeToken[]): readonly CodeToken[] => {
  const kept: CodeToken[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token) continue;
    kept.push(token);
    while (isConstant(token) && tokens[at + 1]?.text === ':' && tokens[at + 2]?.text === ':') {
      const end = typeEnd(tokens, at + 3);
      if (end === at + 3) break;
      at = end - 1;
    }
  }
  return kept;
};

/** The position of the parenthesis that closes the one at `open`. */
const closing = (tokens: readonly CodeToken[], open: number): number => {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]?.text === '(') depth++;
    if (tokens[at]?.text === ')' && --depth === 0) return at;
  }
  return -1;
};

// those of f(x), IN (1) and VALUES (1) belong to what is before them
const isGrouping = (tokens: readonly CodeToken[], at: number): boolean => {
  const before = tokens[at - 1];
  return before === undefined || (!isName(before) && before.text !== ']') || grouped.has(before.word);
};
const grouped = new Set(['AND', 'OR', 'NOT', 'WHEN', 'THEN', 'ELSE', 'CASE', 'WHERE', 'ON']);

const withoutParentheses = (tokens: readonly CodeToken[]): readonly CodeToken[] => {
  const dropped = new Set<number>();
  for (const [at, { text }] of tokens.entries()) {
    if (text !== '(') continue;
    const end = closing(tokens, at);
    const isDouble = tokens[at + 1]?.text === '(' && closing(tokens, at + 1) === end - 1;
    if (isDouble || (end === at + 2 && isGrouping(tokens, at)))
      for (const each of [at, end]) dropped.add(each);
  }
  return dropped.size === 0 ? tokens : tokens.filter((_, at) => !dropped.has(at));
};

/** The relations of a FROM list, as expressions name them. */
const relationsOf = (tokens: readonly CodeToken[]): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const [at, { word, text }] of tokens.entries()) {
    if (word !== 'FROM' && word !== 'JOIN' && text !== ',') continue;
    let next = at + 1;
    while (tokens[next]?.text === '(') next++;
    const [schema, point, relation, alias] = tokens.slice(next, next + 4);
    if (!schema || !relation || point?.text !== '.') continue;
    found.add(alias && isName(alias) && !after.has(alias.word) ? alias.text : relation.text);
  }
  return found;
};
const after = new Set(
  'WHERE JOIN LEFT RIGHT FULL INNER CROSS ON GROUP ORDER HAVING LIMIT UNION EXCEPT INTERSECT'.split(' '),
);

const withoutRelations = (tokens: readonly CodeToken[]): readonly CodeToken[] => {
  const relations = relationsOf(tokens);
  return tokens.filter(({ text }, at) => {
    const point = text === '.' ? at : at + 1;
    const [relation, column, next] = [tokens[point - 1], tokens[point + 1], tokens[point + 2]];
    if (tokens[point]?.text !== '.' || !relation || !column || !relations.has(relation.text)) return true;
    const before = tokens[point - 2];
    return next?.text === '(' || before?.text === '.' || ['FROM', 'JOIN'].includes(before?.word ?? '');
  });
};
