// Lists what the sources say to people, for docs/messages.txt: see `messagesPage`. Run by scripts/write-docs.mjs.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'rolldown/utils';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Properties whose text reaches a person. The kind of an entry is the name of its property. */
const properties = new Set([
  'message',
  'detail',
  'suggestion',
  'meaning',
  'summary',
  'weaker',
  'why',
  'instead',
  'reason',
  'danger',
  'difference',
  'description',
]);

/** Methods whose text is help: Commander's, and what makes our commands. */
const helpCalls = new Set(['description', 'option', 'requiredOption', 'argument', 'make', 'addHelpText']);

/** Methods of `Output` that print. */
const printCalls = new Set(['line', 'note']);

/** All TypeScript sources of the library and the systems, by path from the root. */
const sourceFiles = () => {
  const folders = [
    'packages/ashlar/src',
    ...readdirSync(join(root, 'systems')).map((name) => `systems/${name}/src`),
  ];
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        // sample input is data
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'sample.ts')
        .map((entry) => relative(root, join(entry.parentPath, entry.name))),
    )
    .sort();
};

const oneLine = (text) => text.replaceAll(/\s+/g, ' ').trim();

/** An expression in a template: its name where it is short, so that a reader sees what is filled in. */
const placeholder = (node, source) => {
  const text = source.slice(node.start, node.end);
  return /^[\w.?#]{1,30}$/.test(text) ? `\${${text}}` : `\${…}`;
};

/** The text of a literal, template or concatenation; `undefined` for any other expression. */
const textOf = (node, source) => {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type === 'TemplateLiteral') {
    return node.quasis
      .map(({ value }, at) => {
        const expression = node.expressions[at];
        return `${value.cooked ?? value.raw}${expression ? placeholder(expression, source) : ''}`;
      })
      .join('');
  }
  if (node.type === 'BinaryExpression' && node.operator === '+') {
    const [left, right] = [textOf(node.left, source), textOf(node.right, source)];
    if (left === undefined && right === undefined) return undefined;
    return `${left ?? placeholder(node.left, source)}${right ?? placeholder(node.right, source)}`;
  }
  return undefined;
};

// words that only SQL and code have in capitals or in such an order
const sql =
  /\b(SELECT|INSERT INTO|UPDATE \S+ SET|DELETE FROM|CREATE|ALTER|DROP|PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|GRANT|REVOKE|RAISE|RETURN|WHERE|VACUUM|ATTACH|DETACH|SET|LOCK|EXISTS|REFERENCES|CHECK|COALESCE|IN \(|AND NOT|IS NULL|IS NOT|OR REPLACE|ORDER BY|GROUP BY|ON CONFLICT|FOR EACH|USING|EXECUTE|INSTEAD OF|STRICT|BETWEEN|UNION|JOIN|CASE|THEN|PERFORM|DECLARE|LANGUAGE)\b|\b(select|insert into|delete from|where|from) .*\b(from|where|values|set|in|and|=)\b|:=|::|\bjson_|\bpg_[a-z_]+\(|=>|\bstrftime\(|;$/;

/** Whether a text without a telling place is a sentence for people: several plain words, no SQL, no markup. */
const isProse = (text) =>
  /\s/.test(text.trim()) &&
  /^["'(`]?(\$\{[^}]*\}|[A-Za-z])/.test(text) &&
  (text.match(/(?<![\w$.{])[a-z]{2,}(?![\w(=_])/g) ?? []).length >= 3 &&
  !sql.test(text) &&
  !/[<>{}](?!.*…\})[^$]*[<>{}]/.test(text.replaceAll(/\$\{[^}]*\}/g, ''));

const nameOfCallee = ({ callee }) => {
  if (callee.type === 'MemberExpression') return callee.property.name;
  return callee.type === 'Identifier' ? callee.name : undefined;
};

const keyOf = ({ key }) => key?.name ?? key?.value;

/** The texts of one source, with the place of each. */
const textsOf = (source, program) => {
  const found = [];
  const add = (kind, node, text) => {
    const line = oneLine(text);
    if (line !== '' && /[A-Za-z]{2}/.test(line)) found.push({ kind, at: node.start, text: line });
  };
  /** `kind` is what the place says of a text; without one only prose counts. */
  const visit = (node, kind) => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const each of node) visit(each, kind);
      return;
    }
    if (typeof node.type !== 'string' || node.type.startsWith('Import') || node.type.startsWith('TS')) {
      // a cast or `satisfies` still has an expression in it
      if (node.expression) visit(node.expression, kind);
      return;
    }
    const text = textOf(node, source);
    if (text !== undefined) {
      // one word under such a name is data: `reason: 'expired'`
      const isTold = kind !== undefined && (kind === 'help' || kind === 'status' || /\s/.test(text.trim()));
      if (isTold ? properties.has(kind) || !sql.test(text) : isProse(text)) add(kind ?? 'text', node, text);
      // what is filled in may hold texts of its own
      if (node.type === 'TemplateLiteral') visit(node.expressions, undefined);
      return;
    }
    if (node.type === 'ConditionalExpression') {
      visit(node.test, undefined);
      visit(node.consequent, kind);
      visit(node.alternate, kind);
      return;
    }
    if (node.type === 'BinaryExpression' || node.type === 'SwitchCase') {
      for (const [key, child] of Object.entries(node)) visit(child, key === 'consequent' ? kind : undefined);
      return;
    }
    if (node.type === 'Property' || node.type === 'PropertyDefinition') {
      const name = keyOf(node);
      visit(node.value, properties.has(name) ? name : undefined);
      return;
    }
    if (node.type === 'CallExpression' || node.type === 'NewExpression') {
      const name = nameOfCallee(node);
      visit(node.callee, undefined);
      const isMethod = node.callee.type === 'MemberExpression';
      const [first, second, ...rest] = node.arguments;
      if (name === 'description') visit(node.arguments, 'help');
      else if (helpCalls.has(name)) {
        // the first argument is a name or flags, what follows the second is a default or a handler
        visit(second, 'help');
        visit(
          [first, ...rest].filter((each) => each && textOf(each, source) === undefined),
          undefined,
        );
      } else visit(node.arguments, isMethod && printCalls.has(name) ? 'status' : undefined);
      return;
    }
    for (const [key, child] of Object.entries(node)) {
      if (key !== 'type' && key !== 'start' && key !== 'end') visit(child, undefined);
    }
  };
  visit(program.body, undefined);
  return found;
};

/** The first line of a docstring: its first sentence, or its first line where no sentence ends. */
const firstLine = (comment) => {
  const lines = comment.value.split('\n').map((line) => line.replace(/^\s*\*+ ?/, '').trim());
  const paragraph = oneLine(
    lines
      .join('\n')
      .trim()
      .split(/\n\s*\n|\n@|^@/)[0] ?? '',
  );
  return paragraph.match(/^.*?\.(?=\s|$)/)?.[0] ?? paragraph;
};

/** Exported declarations, and the members of exported interfaces and classes. */
const documented = (program) => {
  const named = new Set(
    program.body.flatMap((node) =>
      node.type === 'ExportNamedDeclaration'
        ? node.specifiers.map(({ local }) => local.name).filter((name) => name !== undefined)
        : [],
    ),
  );
  const all = [];
  const add = (outer, declaration) => {
    const id = declaration.id ?? declaration.declarations?.[0]?.id;
    const name = id?.name ?? '';
    all.push({ start: outer.start, name });
    const members = declaration.body?.body;
    if (!Array.isArray(members) || declaration.type === 'FunctionDeclaration') return;
    for (const member of members) {
      const isPrivate = member.key?.type === 'PrivateIdentifier' || member.accessibility === 'private';
      if (!isPrivate) all.push({ start: member.start, name: `${name}.${keyOf(member) ?? 'constructor'}` });
    }
  };
  for (const node of program.body) {
    if (node.type === 'ExportNamedDeclaration' && node.declaration) add(node, node.declaration);
    else if (named.has(node.id?.name)) add(node, node);
  }
  return all;
};

const docsOf = (source, program, comments) => {
  const blocks = comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'));
  return documented(program).flatMap(({ start, name }) => {
    const comment = blocks.findLast(({ end }) => end <= start && source.slice(end, start).trim() === '');
    const text = comment ? firstLine(comment) : '';
    return text === '' ? [] : [{ kind: 'doc', at: start, text: `${name}: ${text}` }];
  });
};

/** Every text of the sources: where it is, of which kind, and what it says. */
export const messages = () =>
  sourceFiles().flatMap((path) => {
    const source = readFileSync(join(root, path), 'utf8');
    const { program, comments, errors } = parseSync(path, source, { lang: 'ts' });
    if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0].message}`);
    const starts = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)];
    const lineOf = (at) => starts.findLastIndex((start) => start <= at) + 1;
    return [...textsOf(source, program), ...docsOf(source, program, comments)]
      .sort((a, b) => a.at - b.at)
      .map(({ kind, at, text }) => ({ path, line: lineOf(at), kind, text }));
  });

/** docs/messages.txt: one text a line, sorted by place. */
export const messagesPage = () =>
  [
    '# Generated by `npm run docs`; do not edit.',
    '# Every error message, detail and suggestion, help text and status text in the sources, and the first line of',
    `# every public docstring. One a line: place, kind, text. A value that is filled in at run time is \${name} or \${…}.`,
    ...messages().map(({ path, line, kind, text }) => `${path}:${line}  ${kind}  ${text}`),
    '',
  ].join('\n');

/** A page without its line numbers: a text that only moved does not make the committed page stale. */
export const withoutPlaces = (page) => page.replaceAll(/^(\S+\.ts):\d+ /gm, '$1 ');
