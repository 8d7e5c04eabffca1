// What can be seen of experiments without running them: their folders, their tags, and whether their lesson shows them.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

/** "<lesson>/<tag>" of every experiment, in order. */
export function experimentNames(root: string): string[] {
  return globSync('lessons/*/experiments/*', { cwd: root })
    .filter((path) => statSync(join(root, path)).isDirectory())
    .map((path) => path.split(sep))
    .map(([, lesson, , tag]) => `${lesson}/${tag}`)
    .sort();
}

function folderProblems(root: string, name: string): string[] {
  const [lesson = '', tag = ''] = name.split('/');
  const folder = join(root, 'lessons', lesson, 'experiments', tag);
  const problems: string[] = [];
  const element = join(folder, 'element.ts');
  if (!existsSync(element)) problems.push('element.ts is missing: the page loads the element from it');
  else if (!readFileSync(element, 'utf8').includes(`customElements.define('${tag}',`))
    problems.push(`element.ts does not define '${tag}': an element is named after its folder`);
  for (const file of globSync('**/*.ts', { cwd: folder }).sort()) {
    // Another lesson's task may be asked; the engine finds it by its path.
    const imports = readFileSync(join(folder, file), 'utf8').matchAll(
      /^import (?!type .*\/(?:\w+\.)?task\.ts').*from '(?:\.\.\/)+(\d\d-[^/']+)/gm,
    );
    for (const [, other] of imports)
      problems.push(
        `${file} imports from ${other}: what lessons share belongs to web/src/kit (#kit) or web/src/lab (#lab)`,
      );
  }
  return problems;
}

/** The custom elements that a lesson's text shows, code left out. */
function tagsIn(text: string): Set<string> {
  const prose = text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');
  return new Set(Array.from(prose.matchAll(/<([a-z][a-z0-9]*(?:-[a-z0-9]+)+)[\s>]/g), ([, tag]) => tag!));
}

/** What is wrong with experiments, by their names; under the lesson's name what no experiment can be blamed for. */
export function experimentProblems(root: string): Map<string, string[]> {
  const names = experimentNames(root);
  const found = new Map<string, string[]>();
  const wrong = (name: string, text: string) => found.set(name, [...(found.get(name) ?? []), text]);
  const shared = globSync('web/src/elements/*/*.ts', { cwd: root }).flatMap((path) =>
    Array.from(
      readFileSync(join(root, path), 'utf8').matchAll(/customElements\.define\('([^']+)'/g),
      ([, tag]) => tag!,
    ),
  );
  const shown = new Map(
    globSync('lessons/*/index.md', { cwd: root })
      .sort()
      .map((path) => [path.split(sep)[1]!, tagsIn(readFileSync(join(root, path), 'utf8'))] as const),
  );
  for (const name of names) {
    const [lesson = '', tag = ''] = name.split('/');
    for (const text of folderProblems(root, name)) wrong(name, text);
    const others = names.filter((other) => other !== name && other.endsWith(`/${tag}`));
    if (others.length > 0 || shared.includes(tag))
      wrong(name, `the tag ${tag} is also that of ${[...others, ...shared.filter((each) => each === tag)].join(', ')}`);
    if (!shown.get(lesson)?.has(tag)) wrong(name, `lessons/${lesson}/index.md does not show <${tag}>`);
  }
  for (const [lesson, tags] of shown) {
    for (const tag of tags) {
      if (shared.includes(tag) || names.some((name) => name.endsWith(`/${tag}`))) continue;
      wrong(lesson, `<${tag}> is no element: neither lessons/*/experiments nor web/src/elements defines it`);
    }
  }
  return found;
}
