import { basename, dirname } from 'node:path';

/**
 * Remark plugin: short questions with feedback, written as Markdown between tags.
 *
 *     <lesson-check id="median">
 *
 *     What is the median of 3, 9, 4?
 *
 *     - [ ] 5.3
 *       > That is their mean.
 *     - [x] 4
 *       > In order they are 3, 4, 9.
 *
 *     </lesson-check>
 *
 * One `[x]` makes a single choice, the attribute `several` a question with any number of right ones. With `answer="4"` (and `tolerance="2%"`
 * or `"0.1"`, `unit="ms"`) a number is asked for, and the list holds what to say: items that begin with `right:`, `wrong:` or with a number
 * that people may be expected to type. Every item needs its feedback. What is wrong with a question stops the build.
 *
 * It becomes a <lesson-check> with a fieldset inside: readable without JavaScript, answered with it (src/elements/lesson-check/element.ts).
 */
export function remarkChecks() {
  /** @param {any} tree @param {import('vfile').VFile} file */
  return (tree, file) => {
    const path = file.path ?? 'lesson';
    const ids = new Set();
    const children = [];
    for (let i = 0; i < tree.children.length; ++i) {
      const node = tree.children[i];
      const attributes = openingTag(node);
      if (attributes === null) {
        children.push(node);
        continue;
      }
      const end = tree.children.findIndex(
        (/** @type {any} */ other, /** @type {number} */ at) => at > i && isEnd(other),
      );
      try {
        if (end === -1) throw new Error('the closing tag is missing (it needs blank lines around it)');
        if (ids.has(attributes['id'])) throw new Error(`there is another check called "${attributes['id']}"`);
        ids.add(attributes['id']);
        const lesson = basename(dirname(path));
        children.push(buildCheck(attributes, tree.children.slice(i + 1, end), lesson));
      } catch (error) {
        const line = node.position?.start.line ?? 0;
        throw new Error(`${path}:${line}: lesson-check: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
      i = end;
    }
    tree.children = children;
  };
}

/** The attributes of `<lesson-check …>`, or null. @param {any} node @returns {Record<string, string> | null} */
function openingTag(node) {
  const match =
    node.type === 'html' ? /^<lesson-check((?:\s+[a-z]+(?:="[^"]*")?)*)\s*>$/.exec(node.value.trim()) : null;
  if (match === null) {
    if (node.type === 'html' && node.value.trim().startsWith('<lesson-check'))
      throw new Error(`line ${node.position?.start.line}: the tag of a lesson-check stands on a line of its own`);
    return null;
  }
  const pairs = [...(match[1] ?? '').matchAll(/([a-z]+)(?:="([^"]*)")?/g)];
  return Object.fromEntries(pairs.map(([, name = '', value]) => [name, value ?? '']));
}

/** @param {any} node */
const isEnd = (node) => node.type === 'html' && node.value.trim() === '</lesson-check>';

const kAllowed = ['id', 'several', 'answer', 'tolerance', 'unit'];

/** @param {Record<string, string>} attributes @param {any[]} content @param {string} lesson */
function buildCheck(attributes, content, lesson) {
  const unknown = Object.keys(attributes).find((name) => !kAllowed.includes(name));
  if (unknown !== undefined) throw new Error(`there is no attribute "${unknown}" (only ${kAllowed.join(', ')})`);
  const id = attributes['id'] ?? '';
  if (!/^[a-z][a-z0-9-]*$/.test(id)) throw new Error('an id of small letters, digits and hyphens is needed');
  const list = content.at(-1);
  if (list?.type !== 'list') throw new Error('the answers, a list, must come last');
  const [question, ...more] = content.slice(0, -1);
  if (question?.type !== 'paragraph') throw new Error('a question, a paragraph, must come first');
  const isNumber = attributes['answer'] !== undefined;
  const kind = isNumber ? 'number' : attributes['several'] !== undefined ? 'several' : 'single';
  const body = isNumber ? numberParts(attributes, list, id) : choiceParts(kind, list, id);
  const data = isNumber ? { answer: attributes['answer'], tolerance: attributes['tolerance'] ?? '0' } : {};
  const verdict = element('p', { className: ['verdict'], role: 'status', ariaLive: 'polite' });
  const check = button('check', isNumber ? 'Check the number' : 'Check');
  const again = button('again', 'Try again');
  const fieldset = element('fieldset', {}, [
    element('legend', {}, question.children),
    ...more,
    ...body,
    element('div', { className: ['actions'] }, [check, again, verdict]),
  ]);
  const hint = kind === 'several' ? ' Any number of answers may be right.' : '';
  fieldset.children[0].children = [
    element('span', { className: ['kicker'] }, [text('Check')]),
    ...question.children,
    ...(hint === '' ? [] : [element('span', { className: ['hint'] }, [text(hint)])]),
  ];
  const properties = { id, className: ['not-content'], dataKind: kind, dataKey: `${lesson}/${id}` };
  const prefixed = Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]));
  return element('lesson-check', { ...properties, ...prefixed }, [fieldset]);
}

/** @param {string} kind @param {any} list @param {string} id */
function choiceParts(kind, list, id) {
  const items = list.children;
  if (items.length < 2) throw new Error('at least two answers are needed');
  if (items.some((/** @type {any} */ item) => typeof item.checked !== 'boolean'))
    throw new Error('every answer begins with [ ] or [x]');
  const right = items.filter((/** @type {any} */ item) => item.checked).length;
  if (right === 0) throw new Error('no answer is marked [x]');
  if (kind === 'single' && right !== 1) throw new Error(`${right} answers are marked [x]: add the attribute several`);
  const type = kind === 'several' ? 'checkbox' : 'radio';
  const options = items.flatMap((/** @type {any} */ item, /** @type {number} */ index) => {
    const [label, feedback] = labelAndFeedback(item, `answer ${index + 1}`);
    const properties = { type, name: `${id}-answer`, value: String(index), ...(item.checked && { 'data-right': '' }) };
    return [
      element('label', {}, [element('input', properties), element('span', {}, label)]),
      feedbackPart(String(index), feedback),
    ];
  });
  return [element('div', { className: ['answers'] }, options)];
}

/** @param {Record<string, string>} attributes @param {any} list @param {string} id */
function numberParts(attributes, list, id) {
  if (!Number.isFinite(Number(attributes['answer'])) || attributes['answer'] === '')
    throw new Error(`answer="${attributes['answer']}" is no number`);
  if (!/^\d+(\.\d+)?%?$/.test(attributes['tolerance'] ?? '0'))
    throw new Error(`tolerance="${attributes['tolerance']}" is neither a number nor a percentage`);
  const parts = list.children.map((/** @type {any} */ item) => {
    const first = item.children[0]?.children?.[0];
    const match = first?.type === 'text' ? /^(right|wrong|-?[\d.]+):\s*/.exec(first.value) : null;
    if (match === null) throw new Error('every item begins with "right:", "wrong:" or a number and a colon');
    first.value = first.value.slice(match[0].length);
    return feedbackPart(match[1] ?? '', item.children);
  });
  const said = parts.map((/** @type {any} */ part) => part.data.hProperties.dataFor);
  for (const wanted of ['right', 'wrong']) {
    if (!said.includes(wanted)) throw new Error(`the item "${wanted}:" is missing`);
  }
  const input = element('input', { type: 'text', inputMode: 'decimal', autoComplete: 'off', name: `${id}-answer` });
  const unit =
    attributes['unit'] === undefined ? [] : [element('span', { className: ['unit'] }, [text(attributes['unit'])])];
  const label = element('label', { className: ['number'] }, [
    element('span', {}, [text('Your answer')]),
    input,
    ...unit,
  ]);
  return [label, element('div', { className: ['answers'] }, parts)];
}

/** The text of an answer, and the quotation under it. @param {any} item @param {string} what */
function labelAndFeedback(item, what) {
  const [label, feedback, ...rest] = item.children;
  if (label?.type !== 'paragraph') throw new Error(`${what} has no text`);
  if (feedback?.type !== 'blockquote' || rest.length > 0)
    throw new Error(`${what} needs its feedback: one quotation (> …)`);
  return [label.children, feedback.children];
}

/** @param {string} name @param {any[]} children */
const feedbackPart = (name, children) =>
  element('div', { className: ['feedback'], dataFor: name, hidden: true }, children);

/** @param {string} name @param {string} label */
const button = (name, label) => element('button', { type: 'button', className: [name], hidden: true }, [text(label)]);

/** A node that becomes this element. @param {string} name @param {Record<string, any>} properties @param {any[]} children */
function element(name, properties, children = []) {
  return { type: 'lessonCheckPart', data: { hName: name, hProperties: properties }, children };
}

/** @param {string} value */
const text = (value) => ({ type: 'text', value });
