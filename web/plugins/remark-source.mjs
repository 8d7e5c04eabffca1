import { readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { extractSymbol } from './cpp-symbols.mjs';

/**
 * Remark plugin: code blocks whose text comes from the repository, so that a lesson can never show code that is not what runs.
 *
 *     ```cpp source=src/gemm/gemm_loops.cpp symbol=naive
 *     ```
 *
 * - `symbol=name` takes a function, type or constant with the comment above it; `A::b` looks inside A; several are joined by commas.
 * - `lines=10-24` takes those lines instead.
 * - `comment=false` leaves the comment above a symbol out.
 *
 * The rest of the info string (marks, wrap, …) is passed on; the path becomes the block's title. A missing file or symbol stops the build.
 *
 * @param {{ root: string }} options `root`: folder that the paths start from.
 */
export function remarkSource({ root }) {
  /** @param {import('mdast').Root} tree @param {import('vfile').VFile} file */
  return (tree, file) => {
    visitCode(tree, (node) => {
      const { settings, rest } = parseMeta(node.meta ?? '');
      if (settings.source === undefined) return;
      const lesson = file.path ?? 'lesson';
      const line = node.position?.start.line ?? 0;
      try {
        const excerpt = readExcerpt(root, settings);
        node.value = excerpt.text;
        node.meta = `title="${settings.source}:${excerpt.firstLine}" ${rest}`.trim();
      } catch (error) {
        throw new Error(`${lesson}:${line}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    });
  };
}

/**
 * @param {string} root
 * @param {Record<string, string>} settings `source` and either `symbol` or `lines`.
 * @returns {{ text: string, firstLine: number }}
 */
export function readExcerpt(root, settings) {
  const path = settings['source'] ?? '';
  const full = join(root, path);
  if (isAbsolute(path) || relative(root, full).startsWith('..')) {
    throw new Error(`source=${path} must be a path inside the repository`);
  }
  let source;
  try {
    source = readFileSync(full, 'utf8');
  } catch {
    throw new Error(`source=${path}: no such file`);
  }
  const { symbol, lines } = settings;
  if ((symbol === undefined) === (lines === undefined)) {
    throw new Error(`source=${path} needs either symbol=… or lines=…`);
  }
  if (lines !== undefined) return sliceLines(source, lines, path);
  const parts = (symbol ?? '').split(',').map((name) => {
    try {
      return extractSymbol(source, name, { comment: settings['comment'] !== 'false' });
    } catch (error) {
      throw new Error(`source=${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  });
  return { text: parts.map((part) => part.text).join('\n\n'), firstLine: parts[0]?.firstLine ?? 1 };
}

/** @param {string} source @param {string} range @param {string} path */
function sliceLines(source, range, path) {
  const match = /^(\d+)(?:-(\d+))?$/.exec(range);
  const all = source.replace(/\n$/, '').split('\n');
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last < first || last > all.length) {
    throw new Error(`source=${path}: lines=${range} is not a range within 1-${all.length}`);
  }
  return { text: dedent(all.slice(first - 1, last).join('\n')), firstLine: first };
}

/** Splits an info string into our own settings and what is left for the highlighter. @param {string} meta */
export function parseMeta(meta) {
  /** @type {Record<string, string>} */
  const settings = {};
  const rest = meta.replace(
    /(^|\s)(source|symbol|lines|comment)=(?:"([^"]*)"|(\S+))/g,
    (_, space, key, quoted, plain) => {
      settings[key] = quoted ?? plain;
      return space;
    },
  );
  return { settings, rest: rest.replace(/\s+/g, ' ').trim() };
}

/** Removes the indentation that all non-blank lines share. @param {string} text */
export function dedent(text) {
  const lines = text.split('\n');
  const widths = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0);
  const width = widths.length === 0 ? 0 : Math.min(...widths);
  return lines.map((line) => line.slice(width)).join('\n');
}

/** @param {any} node @param {(code: import('mdast').Code) => void} visit */
function visitCode(node, visit) {
  if (node.type === 'code') visit(node);
  for (const child of node.children ?? []) visitCode(child, visit);
}
