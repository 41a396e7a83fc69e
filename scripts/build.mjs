// Brings dist/ up to the sources:
//
//   node scripts/build.mjs        (npm run build; `npx vitest` does it before the first test that needs dist/)
//
// Does nothing where dist/ was made of the very same files: it carries a digest of what it was made of, so that switching branches or
// touching a file builds nothing, and a deleted source leaves no compiled file behind. Compiles beside dist/ and moves file by file, so
// that any number of builds and of servers that are starting may overlap; a source that does not compile leaves dist/ as it was.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from './build-page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.made-of');
const require = createRequire(import.meta.url);
/** What package.json lets a person run. */
const programs = Object.values(require('../package.json').bin);
const compilerPackage = require.resolve('typescript/package.json');

/** Every file below `dir`, relative to it. */
function filesBelow(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

function digestOfSources() {
  const hash = createHash('sha256');
  const sources = filesBelow(join(root, 'src')).map((file) => join('src', file));
  const settings = [
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.page.json',
    'scripts/build-page.mjs',
    'package-lock.json',
  ];
  for (const file of [...sources, ...settings]) {
    const content = readFileSync(join(root, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return `${hash.digest('hex')}\n`;
}

/** The digest of what dist/ was made of; '' if nobody knows. */
function digestOfDist() {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
}

function compileInto(dir) {
  const compiler = join(dirname(compilerPackage), 'bin/tsc');
  const args = [compiler, '-p', 'tsconfig.build.json', '--outDir', dir, '--noEmitOnError'];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/** Moves every file of `made` into dist/ at its place, and deletes what has no source any more. */
function moveIntoDist(made) {
  const files = filesBelow(made);
  for (const file of files) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    renameSync(join(made, file), join(dist, file));
  }
  const known = new Set([...files, relative(dist, stamp)]);
  for (const file of filesBelow(dist)) if (!known.has(file)) rmSync(join(dist, file), { force: true });
}

async function build(digest) {
  // At the depth of dist/: the source maps name their sources by relative paths.
  const made = mkdtempSync(join(root, 'dist-'));
  try {
    const exitCode = compileInto(made);
    if (exitCode !== 0) return exitCode;
    await buildPage(join(made, 'inspector'));
    mkdirSync(dist, { recursive: true });
    rmSync(stamp, { force: true });
    // npm makes the program of `npx recital` executable once, when it links it; the compiler's next file is not.
    for (const file of programs) chmodSync(join(made, relative('dist', file)), 0o755);
    moveIntoDist(made);
    // Last, and in one step: a build that is killed leaves no claim.
    writeFileSync(join(made, 'stamp'), digest);
    renameSync(join(made, 'stamp'), stamp);
    return 0;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

const digest = digestOfSources();
// An edit while it compiled: the digest no longer says what dist/ was made of, and the next build finds that out.
process.exitCode = digest === digestOfDist() ? 0 : await build(digest);
