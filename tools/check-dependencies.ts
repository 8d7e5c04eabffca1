// Holds the #include graph of src/ against the order that CMake declares:   node tools/check-dependencies.ts [FOLDER]
//
// A module is a folder of src/ with a CMakeLists.txt. It may include its own headers and those of modules that it names itself in
// optlab_module(… DEPS …) or target_link_libraries(… optlab_x …), and it may name only modules that the root CMakeLists.txt adds
// before it: that rules out cycles and upward dependencies. Each breach is reported as file:line.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';

export interface Breach {
  file: string;
  line: number;
  message: string;
}

interface Dependency {
  name: string;
  line: number;
}

export interface Report {
  breaches: Breach[];
  modules: number;
  includes: number;
}

interface Word {
  text: string;
  line: number;
}

/** The commands of a CMake file as [name, arguments], comments removed. Enough of the syntax for the files of this project. */
function parseCommands(text: string): { name: string; words: Word[] }[] {
  const commands: { name: string; words: Word[] }[] = [];
  const blanked = text.replace(/#[^\n]*/g, '');
  for (const found of blanked.matchAll(/(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g)) {
    const body = found[2]!;
    const bodyStart = found.index + found[0].length - body.length - 1;
    const words = [...body.matchAll(/"[^"]*"|[^\s()]+/g)].map((word) => ({
      text: word[0].replaceAll('"', ''),
      line: blanked.slice(0, bodyStart + word.index).split('\n').length,
    }));
    commands.push({ name: found[1]!, words });
  }
  return commands;
}

/** The modules in the order of the root's add_subdirectory(src/…). */
function moduleOrder(root: string): string[] {
  const text = readFileSync(join(root, 'CMakeLists.txt'), 'utf8');
  return parseCommands(text)
    .filter(({ name, words }) => name === 'add_subdirectory' && words[0]?.text.startsWith('src/'))
    .map(({ words }) => words[0]!.text.slice('src/'.length));
}

/** Libraries of others that optlab_header_library or cmake/ wraps as optlab_<name>: they are no modules, and have no place in the order. */
function wrappedLibraries(root: string): Set<string> {
  const names = globSync(['cmake/*.cmake', 'src/*/CMakeLists.txt'], { cwd: root })
    .flatMap((file) => {
      const wraps = file.startsWith('src') ? ['optlab_header_library'] : ['add_library'];
      return parseCommands(readFileSync(join(root, file), 'utf8')).filter(({ name }) => wraps.includes(name));
    })
    .map(({ words }) => words[0]?.text.replace(/^optlab_/, '') ?? '');
  return new Set(names);
}

function declaredDependencies(cmakeFile: string): Dependency[] {
  const declared: Dependency[] = [];
  for (const { name, words } of parseCommands(readFileSync(cmakeFile, 'utf8'))) {
    if (name === 'optlab_module') {
      let keyword = '';
      for (const { text, line } of words.slice(1)) {
        if (/^[A-Z][A-Z0-9_]*$/.test(text)) keyword = text;
        else if (keyword === 'DEPS') declared.push({ name: text, line });
      }
    } else if (name === 'target_link_libraries') {
      for (const { text, line } of words.slice(1)) {
        if (text.startsWith('optlab_')) declared.push({ name: text.slice('optlab_'.length), line });
      }
    }
  }
  return declared;
}

/** Folders of src/ that hold sources, but that the root's CMakeLists.txt doesn't add. */
function strayFolders(root: string, order: readonly string[]): Breach[] {
  const names = globSync('src/*/', { cwd: root }).map((folder) => folder.replace(/^src\//, '').replace(/\/$/, ''));
  return names
    .filter((name) => !order.includes(name) && globSync(`src/${name}/**/*.{h,cpp}`, { cwd: root }).length > 0)
    .map((name) => ({
      file: 'CMakeLists.txt',
      line: 1,
      message: `src/${name} has sources but is not added by add_subdirectory`,
    }));
}

/** What a module's CMakeLists.txt names but may not. */
function declarationBreaches(module: string, declared: readonly Dependency[], order: readonly string[]): Breach[] {
  const file = `src/${module}/CMakeLists.txt`;
  return declared.flatMap(({ name, line }) => {
    const position = order.indexOf(name);
    const depends = `${module} depends on ${name}`;
    if (position < 0) return [{ file, line, message: `${depends}, which is no module` }];
    if (position <= order.indexOf(module)) return [];
    return [{ file, line, message: `${depends}, which comes after it: an upward dependency` }];
  });
}

/** What is wrong with an include of "path" in a module's file, if anything. */
function includeProblem(
  module: string,
  path: string,
  allowed: ReadonlySet<string>,
  order: readonly string[],
): string | undefined {
  const target = path.split('/')[0]!;
  if (!path.includes('/') || target === '..' || target === '.') {
    return `includes "${path}": write the path from src/, "${module}/…"`;
  }
  if (!order.includes(target)) {
    return `includes "${path}": ${target} is no module of src/ (write <…> for a library's header)`;
  }
  if (allowed.has(target)) return undefined;
  const isUpward = order.indexOf(target) > order.indexOf(module);
  const reason = isUpward ? `stands below ${target}` : `does not declare ${target} in src/${module}/CMakeLists.txt`;
  return `includes "${path}", but ${module} ${reason}`;
}

export function checkDependencies(root: string): Report {
  const order = moduleOrder(root);
  const libraries = wrappedLibraries(root);
  const breaches = strayFolders(root, order);
  let includes = 0;
  if (order.length === 0) {
    breaches.push({ file: 'CMakeLists.txt', line: 1, message: 'adds no module: no add_subdirectory(src/…)' });
  }
  for (const module of order) {
    const cmakeFile = join(root, `src/${module}/CMakeLists.txt`);
    if (!existsSync(cmakeFile)) {
      breaches.push({ file: 'CMakeLists.txt', line: 1, message: `adds src/${module}, which has no CMakeLists.txt` });
      continue;
    }
    const declared = declaredDependencies(cmakeFile).filter(({ name }) => name !== module && !libraries.has(name));
    breaches.push(...declarationBreaches(module, declared, order));
    const allowed = new Set([module, ...declared.map(({ name }) => name)]);
    for (const file of globSync(`src/${module}/**/*.{h,cpp}`, { cwd: root }).sort()) {
      for (const [index, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
        const path = /^\s*#\s*include\s*"([^"]+)"/.exec(line)?.[1];
        if (path === undefined) continue;
        includes++;
        const message = includeProblem(module, path, allowed, order);
        if (message !== undefined) breaches.push({ file, line: index + 1, message });
      }
    }
  }
  return { breaches, modules: order.length, includes };
}

if (process.argv[1] === import.meta.filename) {
  const root = process.argv[2] ?? join(import.meta.dirname, '..');
  const { breaches, modules, includes } = checkDependencies(root);
  for (const { file, line, message } of breaches)
    console.error(`${relative('.', join(root, file))}:${line}: ${message}`);
  console.log(`${includes} includes of ${modules} modules checked, ${breaches.length} breaches`);
  process.exitCode = breaches.length > 0 ? 1 : 0;
}
