import { createMarkdownProcessor } from '@astrojs/markdown-remark';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exerciseProblems } from '#lab/grading/exercise.ts';

const kList = 'virtual:optlab-exercises';
const kOne = 'virtual:optlab-exercise/';
const kSolution = 'virtual:optlab-solution/';

/**
 * Vite plugin: `import { exercises, solutions } from 'virtual:optlab-exercises'` gives the exercises of lessons/, by "<lesson>/<id>", each
 * loaded when it is asked for. What is wrong with one stops the build.
 *
 * @param {{ root: string, solutions: boolean }} options `root`: the repository. Without `solutions` the built site has none of them.
 * @returns {import('vite').Plugin}
 */
export function exerciseCatalogue({ root, solutions }) {
  const mine = (/** @type {string} */ id) => [kList, kOne, kSolution].some((prefix) => id.startsWith(prefix));
  return {
    name: 'optlab-exercises',
    resolveId: (id) => (mine(id) ? `\0${id}` : undefined),
    async load(id) {
      if (!id.startsWith('\0') || !mine(id.slice(1))) return undefined;
      const name = id.slice(1);
      if (name === kList) return listModule(root, solutions);
      const isSolution = name.startsWith(kSolution);
      const folder = folderOf(root, name.slice((isSolution ? kSolution : kOne).length));
      for (const file of globSync('*', { cwd: folder })) this.addWatchFile(join(folder, file));
      return isSolution
        ? `export default ${JSON.stringify(readFileSync(join(folder, 'solution.cpp'), 'utf8'))};`
        : exerciseModule(folder);
    },
  };
}

/** @param {string} root @param {string} name */
function folderOf(root, name) {
  const [lesson = '', id = ''] = name.split('/');
  return join(root, 'lessons', lesson, 'exercises', id);
}

/** @param {string} root @param {boolean} solutions */
function listModule(root, solutions) {
  const names = globSync('lessons/*/exercises/*/exercise.json', { cwd: root })
    .map((path) => path.split(/[\\/]/))
    .map(([, lesson, , id]) => `${lesson}/${id}`)
    .sort();
  const entries = (/** @type {string} */ prefix) =>
    names.map((name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(prefix + name)})`).join(', ');
  return `export const exercises = { ${entries(kOne)} };\nexport const solutions = { ${solutions ? entries(kSolution) : ''} };`;
}

/** Hints become HTML here, so that no page has to bring a parser. @param {string} folder */
async function exerciseModule(folder) {
  const read = (/** @type {string} */ file) => readFileSync(join(folder, file), 'utf8');
  const spec = JSON.parse(read('exercise.json'));
  const problems = exerciseProblems(spec);
  if (problems.length > 0) throw new Error(`${folder}/exercise.json: ${problems.join('; ')}`);
  const reference = existsSync(join(folder, 'reference.cpp')) ? read('reference.cpp') : null;
  const markdown = await createMarkdownProcessor({ syntaxHighlight: false });
  const texts = splitHints(read('hints.md'), folder);
  const hints = await Promise.all(texts.map(async (text) => (await markdown.render(text)).code));
  const headers = Object.fromEntries((spec.headers ?? []).map((/** @type {string} */ name) => [name, read(name)]));
  const content = { spec, starter: read('starter.cpp'), hints, reference, headers };
  return `export default ${JSON.stringify(content)};`;
}

/** The texts of hints.md, under its headings "## Hint 1" to "## Hint 3". @param {string} text @param {string} where */
export function splitHints(text, where) {
  const parts = text.split(/^## Hint (\d+)\s*$/m);
  const hints = [];
  for (let i = 1; i < parts.length; i += 2) {
    if (Number(parts[i]) !== hints.length + 1) throw new Error(`${where}/hints.md: hint ${parts[i]} is out of order`);
    hints.push((parts[i + 1] ?? '').trim());
  }
  if (hints.length !== 3)
    throw new Error(`${where}/hints.md has ${hints.length} hints instead of three (## Hint 1, …)`);
  return hints;
}
