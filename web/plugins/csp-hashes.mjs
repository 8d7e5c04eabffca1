import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Astro integration: adds to each page's Content-Security-Policy the hashes of inline scripts that Astro's `csp` option does not know,
 * namely Starlight's `is:inline` ones, which set the theme before the first paint.
 *
 * @returns {import('astro').AstroIntegration}
 */
export function cspHashes() {
  return {
    name: 'optlab-csp-hashes',
    hooks: {
      'astro:build:done': ({ dir }) => {
        const folder = fileURLToPath(dir);
        for (const file of globSync('**/*.html', { cwd: folder })) {
          const path = join(folder, file);
          writeFileSync(path, addScriptHashes(readFileSync(path, 'utf8'), file));
        }
      },
    },
  };
}

/** @param {string} html @param {string} file for the error message. */
export function addScriptHashes(html, file) {
  const policy = /(<meta http-equiv="content-security-policy" content="[^"]*script-src)([^;"]*)/.exec(html);
  if (policy === null) throw new Error(`${file} has no Content-Security-Policy with a script-src`);
  const known = policy[2] ?? '';
  const missing = [...new Set(inlineScripts(html).map(hashOf))].filter((hash) => !known.includes(hash));
  if (missing.length === 0) return html;
  return html.replace(policy[0], () => `${policy[1]}${known} ${missing.join(' ')}`);
}

/** The text of every script that is executed and has no src. @param {string} html */
function inlineScripts(html) {
  return [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)]
    .filter(
      ([, attributes = '']) => !/\ssrc=/.test(attributes) && !/type="(?!module|text\/javascript)/.test(attributes),
    )
    .map(([, , text = '']) => text);
}

/** @param {string} text */
function hashOf(text) {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
