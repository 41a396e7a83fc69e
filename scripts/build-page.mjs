// Builds the inspector's page: src/inspector/page, with Vite, into the folder that is given. Called by scripts/build.mjs.
//
// The replayer runs in it unchanged. Four functions of Node that it uses have small stand-ins (src/inspector/page/node-shims), put in their
// place here, so that nothing in log/, record/ and replay/ knows of a browser.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const page = fileURLToPath(new URL('../src/inspector/page/', import.meta.url));
const shim = (name) => `${page}node-shims/${name}.ts`;
const alias = ['crypto', 'util', 'zlib'].map((name) => ({ find: `node:${name}`, replacement: shim(name) }));

/** Throws where a source does not build; says nothing where it does. `plugins` are Vite's, for the page and for its worker. */
export async function buildPage(outDir, plugins = []) {
  await build({
    root: page,
    configFile: false,
    base: './',
    logLevel: 'warn',
    resolve: { alias },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins,
    worker: { format: 'es', plugins: () => plugins },
    build: {
      outDir,
      // The server's part of the inspector is compiled into the same folder.
      emptyOutDir: false,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(process.argv[2] ?? 'dist/inspector');
