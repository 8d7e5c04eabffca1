import { createMarkdownProcessor } from '@astrojs/markdown-remark';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exerciseFolder, exerciseNames, loadExercise, readHints } from '../../tools/lib/exercises.ts';

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
      const exercise = name.slice((isSolution ? kSolution : kOne).length);
      const folder = exerciseFolder(exercise, root);
      for (const file of globSync('*', { cwd: folder })) this.addWatchFile(join(folder, file));
      return isSolution
        ? `export default ${JSON.stringify(readFileSync(join(folder, 'solution.cpp'), 'utf8'))};`
        : exerciseModule(root, exercise);
    },
  };
}

/** @param {string} root @param {boolean} solutions */
function listModule(root, solutions) {
  const names = exerciseNames(root);
  const entries = (/** @type {string} */ prefix) =>
    names.map((name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(prefix + name)})`).join(', ');
  return `export const exercises = { ${entries(kOne)} };\nexport const solutions = { ${solutions ? entries(kSolution) : ''} };`;
}

/** Hints become HTML here, so that no page has to bring a parser. @param {string} root @param {string} name */
async function exerciseModule(root, name) {
  const { spec, reference, headers } = loadExercise(name, root);
  const folder = exerciseFolder(name, root);
  const read = (/** @type {string} */ file) => readFileSync(join(folder, file), 'utf8');
  const { hints: texts, problems } = readHints(read('hints.md'));
  if (problems.length > 0) throw new Error(`${folder}: ${problems.join('; ')}`);
  const markdown = await createMarkdownProcessor({ syntaxHighlight: false });
  const hints = await Promise.all(texts.map(async (text) => (await markdown.render(text)).code));
  const content = { spec, starter: read('starter.cpp'), hints, reference, headers };
  return `export default ${JSON.stringify(content)};`;
}
