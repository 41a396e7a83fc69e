/**
 * The mutants of one source file, found in its syntax tree. Charts (src/machines): a guard where it is used (removed, never true, one
 * member of `and([…])` left out), a guard where it is written (negated, one side of `&&` or `||` left out), a delay (ten times as long,
 * another one in its place). Text rules (src/text): one entry of a closed list left out (a word of a word list, an element of an array of
 * strings, a character of a list of marks, a field of a schema, a word of an alternation in a regular expression, a case of a switch over
 * strings). Both: a number that bounds something, one more and one less.
 *
 * Hexadecimal literals are characters and no bounds; 0 and 1 in comparisons are emptiness and singularity, not thresholds. A mutant's
 * name has no line numbers, so that an explanation of one stays with it.
 */
import { dirname } from 'node:path';
import { parseAst } from 'vitest/node';

/** A list of marks or words in one string has at least so many entries; shorter strings are values. */
const MIN_LIST_ENTRIES = 4;
/** A delay that is multiplied by this is another delay to every test of timing. */
const DELAY_FACTOR = 10;

/**
 * `sources`: path → text of all files that may have mutants. Gives, in order, `{ path, name, edits }`: applied to the text of `path`,
 * the edits (`start`, `end`, `text`) make the mutant.
 */
export function findMutants(sources) {
  const trees = new Map(
    [...sources].map(([path, text]) => [path, parseAst(text, { lang: 'ts', sourceType: 'module' })]),
  );
  const delayNames = new Map([...trees].map(([path, tree]) => [path, delayNamesOf(tree)]));
  const mutants = [];
  for (const [path, tree] of trees) {
    const file = { path, text: sources.get(path), otherDelays: otherDelaysFor(path, delayNames), mutants: [] };
    walk(tree, [], (node, ancestors) => {
      if (path.startsWith('src/machines/')) mutateChart(file, node, ancestors);
      if (path.startsWith('src/text/')) mutateLists(file, node, ancestors);
      mutateNumbers(file, node, ancestors);
    });
    mutants.push(...withOwnNames(file.mutants));
  }
  return mutants;
}

/** The text of a mutant. */
export function mutated(text, { edits }) {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((all, edit) => all.slice(0, edit.start) + edit.text + all.slice(edit.end), text);
}

/** Two of one name are told apart by their order. */
function withOwnNames(mutants) {
  const seen = new Map();
  return mutants.map((mutant) => {
    const count = (seen.get(mutant.name) ?? 0) + 1;
    seen.set(mutant.name, count);
    return count === 1 ? mutant : { ...mutant, name: `${mutant.name} #${count}` };
  });
}

function walk(node, ancestors, visit) {
  visit(node, ancestors);
  const inner = [...ancestors, node];
  for (const key in node) {
    const value = node[key];
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && typeof child.type === 'string') walk(child, inner, visit);
    }
  }
}

function add(file, ancestors, what, edits) {
  const { path, mutants } = file;
  mutants.push({ path, name: `${path}: ${[placeOf(ancestors), what].filter(Boolean).join(' ')}`, edits });
}

const replacing = (node, text) => [{ start: node.start, end: node.end, text }];

/** Takes one element of a list out, its comma too. */
function without(list, index) {
  const { start, end } = list[index];
  if (index + 1 < list.length) return [{ start, end: list[index + 1].start, text: '' }];
  return [{ start: index > 0 ? list[index - 1].end : start, end, text: '' }];
}

/** Where a node stands: names of variables, functions and keys, places in arrays. */
function placeOf(ancestors) {
  const names = [];
  for (const [index, node] of ancestors.entries()) {
    if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier') names.push(node.id.name);
    else if (node.type === 'FunctionDeclaration') names.push(node.id?.name);
    else if (node.type === 'Property' || node.type === 'PropertyDefinition' || node.type === 'MethodDefinition')
      names.push(keyOf(node));
    else if (node.type === 'ArrayExpression' && index + 1 < ancestors.length)
      names.push(`[${node.elements.indexOf(ancestors[index + 1])}]`);
  }
  return names.filter((name) => name && name !== 'states').join('.');
}

function keyOf({ key, computed }) {
  if (computed) return null;
  return key.type === 'Literal' ? String(key.value) : (key.name ?? null);
}

/** What stands under `as const`, `satisfies`, parentheses and `Object.freeze(…)`. */
function bare(node) {
  if (!node) return node;
  if (['TSAsExpression', 'TSSatisfiesExpression', 'ParenthesizedExpression'].includes(node.type))
    return bare(node.expression);
  if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression' && node.callee.object.name === 'Object')
    return bare(node.arguments[0]);
  return node;
}

const isString = (node) => node?.type === 'Literal' && typeof node.value === 'string';
const isNumber = (node) => node?.type === 'Literal' && typeof node.value === 'number';

// Charts.

/** True for the object that says what the names of `kind` (guards, delays) mean, in a setup or beside it. */
function isVocabulary(node, ancestors, kind) {
  if (node.type !== 'ObjectExpression') return false;
  const owner = ancestors.findLast(({ type }) => !type.startsWith('TS') && type !== 'ParenthesizedExpression');
  if (owner?.type === 'Property') return bare(owner.value) === node && keyOf(owner) === kind;
  const named = ancestors.findLast(({ type }) => type === 'VariableDeclarator' || type === 'FunctionDeclaration');
  const isWhole =
    named && (bare(named.init) === node || ['ReturnStatement', 'ArrowFunctionExpression'].includes(owner?.type));
  return Boolean(isWhole) && new RegExp(`${kind}(Of)?$`, 'i').test(named.id?.name ?? '');
}

function delayNamesOf(tree) {
  const names = [];
  walk(tree, [], (node, ancestors) => {
    if (isVocabulary(node, ancestors, 'delays')) names.push(...node.properties.filter(({ key }) => key).map(keyOf));
  });
  return names;
}

/** The delays of the charts that the file is part of: those of its own, else of its folder, else all. */
function otherDelaysFor(path, delayNames) {
  const own = delayNames.get(path) ?? [];
  if (own.length > 0) return own;
  const all = [...delayNames].filter(([other]) => dirname(other) === dirname(path)).flatMap(([, names]) => names);
  return all.length > 0 ? all : [...delayNames.values()].flat();
}

function mutateChart(file, node, ancestors) {
  if (node.type === 'Property' && keyOf(node) === 'guard') mutateGuardUse(file, node, ancestors);
  if (node.type === 'Property' && keyOf(node) === 'after') mutateAfter(file, node, ancestors);
  if (isVocabulary(node, ancestors, 'guards'))
    for (const one of node.properties) mutateGuard(file, one, [...ancestors, node]);
  if (isVocabulary(node, ancestors, 'delays')) {
    for (const one of node.properties.filter(({ type }) => type === 'Property')) {
      const source = file.text.slice(one.value.start, one.value.end);
      const isFunction = one.value.type === 'ArrowFunctionExpression';
      const longer = isFunction ? `(...all) => ${DELAY_FACTOR} * (${source})(...all)` : `${DELAY_FACTOR} * (${source})`;
      add(file, [...ancestors, node, one], `times ${DELAY_FACTOR}`, replacing(one.value, longer));
    }
  }
}

/**
 * A guard without parts holds always or never. A function in its place would be found by every test that records or replays: a chart with
 * one has no definition (src/log/chart-definition.ts), and that is no behaviour.
 */
const importGuards = { start: 0, end: 0, text: "import { and as all, or as any } from 'xstate'; " };

/** Where a transition names its guard. */
function mutateGuardUse(file, property, ancestors) {
  const { value } = property;
  const source = file.text.slice(value.start, value.end).replaceAll(/\s+/g, ' ');
  const within = [...ancestors, property];
  add(file, within, `${source} removed`, [importGuards, ...replacing(value, 'all([])')]);
  add(file, within, `${source} never true`, [importGuards, ...replacing(value, 'any([])')]);
  const list = value.type === 'CallExpression' ? bare(value.arguments[0]) : null;
  if (list?.type !== 'ArrayExpression' || list.elements.length < 2) return;
  for (const [index, { start, end }] of list.elements.entries())
    add(file, within, `${source} without ${file.text.slice(start, end)}`, without(list.elements, index));
}

/** Where a guard is written. */
function mutateGuard(file, property, ancestors) {
  if (property.type !== 'Property') return;
  const { value } = property;
  const within = [...ancestors, property];
  if (value.type !== 'ArrowFunctionExpression') return;
  add(file, within, 'negated', replacing(value, `(...all) => !(${file.text.slice(value.start, value.end)})(...all)`));
  walk(value.body, [], (node) => {
    if (node.type !== 'LogicalExpression' || node.operator === '??') return;
    for (const [kept, left] of [
      [node.right, node.left],
      [node.left, node.right],
    ]) {
      // What narrows a type is no condition that the chart can see: the event of another type never gets there.
      const source = file.text.slice(left.start, left.end).replaceAll(/\s+/g, ' ');
      if (/^event\.type === /.test(source)) continue;
      add(file, within, `without ${source}`, replacing(node, `(${file.text.slice(kept.start, kept.end)})`));
    }
  });
}

/** `after: { name: … }`: another delay of the chart in its place. */
function mutateAfter(file, property, ancestors) {
  const { properties = [] } = bare(property.value);
  const used = properties.map((one) => (one.key ? keyOf(one) : null));
  for (const one of properties.filter(({ key, computed }) => key && !computed)) {
    const at = file.otherDelays.indexOf(keyOf(one));
    const others = [...file.otherDelays.slice(at + 1), ...file.otherDelays.slice(0, at)];
    const other = others.find((name) => !used.includes(name));
    if (other !== undefined)
      add(file, [...ancestors, property, one], `after ${other} instead`, replacing(one.key, `'${other}'`));
  }
}

// Closed lists.

function mutateLists(file, node, ancestors) {
  const parent = ancestors.at(-1);
  if (node.type === 'CallExpression' && node.callee.name === 'wordList') {
    for (const part of node.arguments.filter(isString)) mutateListString(file, part, ancestors);
  } else if (isString(node) && parent?.type === 'VariableDeclarator' && isOfModule(ancestors)) {
    mutateListString(file, node, ancestors);
  } else if (node.type === 'ArrayExpression' && isOfModule(ancestors) && isListOfStrings(node)) {
    for (const [index, { value }] of node.elements.entries())
      add(file, ancestors, `without ${JSON.stringify(value)}`, without(node.elements, index));
  } else if (node.type === 'CallExpression' && node.callee.property?.name === 'object') {
    const { properties = [] } = node.arguments[0] ?? {};
    for (const [index, one] of properties.entries())
      add(file, ancestors, `without field ${keyOf(one)}`, without(properties, index));
  } else if (node.type === 'Literal' && node.regex) {
    mutateAlternations(file, node, ancestors);
  } else if (node.type === 'SwitchCase' && isString(node.test) && /^.$/u.test(node.test.value)) {
    add(file, ancestors, `without case ${JSON.stringify(node.test.value)}`, replacing(node.test, 'null'));
  }
}

function isOfModule(ancestors) {
  return !ancestors.some(({ type }) => type.includes('Function') || type === 'ClassBody');
}

function isListOfStrings({ elements }) {
  return elements.length > 1 && elements.every(isString);
}

/** Words between spaces, or one character after another. */
function mutateListString(file, node, ancestors) {
  const isWords = node.value.trim().includes(' ') || ancestors.at(-1)?.type === 'CallExpression';
  const entries = isWords ? node.value.split(' ') : [...node.value];
  // Digits in their order are an alphabet: without one, the others mean something else.
  if (node.value.startsWith('0123456789')) return;
  if (entries.length < MIN_LIST_ENTRIES && ancestors.at(-1)?.type === 'VariableDeclarator') return;
  for (const [index, entry] of entries.entries()) {
    const rest = entries.toSpliced(index, 1).join(isWords ? ' ' : '');
    add(
      file,
      ancestors,
      `without ${JSON.stringify(entry)}`,
      replacing(node, rest === '' ? "'-'" : JSON.stringify(rest)),
    );
  }
}

/** `true|false|null` in a regular expression. */
function mutateAlternations(file, node, ancestors) {
  const { raw } = node;
  for (const match of raw.matchAll(/(?<=\(\?:|\((?!\?))[\w#?:/\\.]+(?:\|[\w#?:/\\.]+)+(?=\))/g)) {
    const words = match[0].split('|');
    for (const [index, word] of words.entries()) {
      const rest = words.toSpliced(index, 1).join('|');
      const edited = raw.slice(0, match.index) + rest + raw.slice(match.index + match[0].length);
      add(file, ancestors, `without ${word} in ${raw.slice(0, 40)}`, replacing(node, edited));
    }
  }
}

// Numbers.

function mutateNumbers(file, node, ancestors) {
  const parent = ancestors.at(-1);
  const isConstant =
    (parent?.type === 'VariableDeclarator' || parent?.type === 'Property') &&
    parent.key !== node &&
    isOfModule(ancestors) &&
    isBound(node);
  const isCompared = isNumber(node) && isDecimal(node) && node.value >= 2 && isComparison(parent);
  if (!isConstant && !isCompared) return;
  const source = file.text.slice(node.start, node.end);
  const before = isCompared ? file.text.slice(parent.start, parent.end).replaceAll(/\s+/g, ' ').slice(0, 60) : source;
  for (const sign of ['+', '-']) add(file, ancestors, `${before} ${sign} 1`, replacing(node, `(${source} ${sign} 1)`));
}

/** A number, or arithmetic with numbers alone: `2 ** 31 - 1`. */
function isBound(node) {
  if (isNumber(node)) return isDecimal(node) && node.value > 0;
  return node.type === 'BinaryExpression' && [node.left, node.right].every((side) => isBound(side));
}

function isDecimal({ raw }) {
  return !raw.startsWith('0x');
}

function isComparison(parent) {
  return parent?.type === 'BinaryExpression' && /^(?:[<>]=?|[!=]==)$/.test(parent.operator);
}
