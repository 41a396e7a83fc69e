// Builds the page with one change in its sources, which does not touch the sources themselves:
//
//   node planted-build.mjs OUT_DIR FILE FROM TO
//
// FILE is a path from src/, FROM a text that stands in it exactly once.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from '../../../scripts/build-page.mjs';

const [outDir, file, from, to] = process.argv.slice(2);
const planted = join(fileURLToPath(new URL('../../../src', import.meta.url)), file);
let count = 0;
await buildPage(outDir, [
  {
    name: 'planted-change',
    enforce: 'pre',
    transform(code, id) {
      if (id !== planted) return undefined;
      if (code.split(from).length !== 2) throw new Error(`"${from}" does not stand once in ${file}`);
      count += 1;
      return { code: code.replace(from, () => to), map: null };
    },
  },
]);
if (count === 0) throw new Error(`${file} is no part of the page`);
