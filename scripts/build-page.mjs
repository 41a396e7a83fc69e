// Builds the inspector's page: src/inspector/page, with Vite, into the folder that is given. Called by scripts/build.mjs.
//
// The replayer runs in it unchanged. Four functions of Node that it uses have small stand-ins (src/inspector/page/node-shims), put in their
// place here, so that nothing in log/, record/ and replay/ knows of a browser.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const page = fileURLToPath(new URL('../src/inspector/page/', import.meta.url));
const shim = (name) => `${page}node-shims/${name}.ts`;
const alias = ['crypto', 'util', 'zlib'].map((name) => ({ find: `node:${name}`, replacement: shim(name) }));

const common = (plugins) => ({
  root: page,
  configFile: false,
  base: './',
  logLevel: 'warn',
  resolve: { alias },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins,
  worker: { format: 'es', plugins: () => plugins },
});
const commonBuild = {
  target: 'es2022',
  assetsInlineLimit: 0,
  modulePreload: {
    polyfill: false,
    // A view that comes later needs its style at once; what else it imports, it asks for itself: the table of all that is bytes of the page.
    resolveDependencies: (_file, names, { hostType }) =>
      hostType === 'html' ? names : names.filter((name) => name.endsWith('.css')),
  },
  reportCompressedSize: false,
};

/** Throws where a source does not build; says nothing where it does. `plugins` are Vite's, for the page and for its worker. */
export async function buildPage(outDir, plugins = []) {
  // Also where tests have the page built: they set another one, and Vite would put names of files and xstate's development code into it.
  process.env.NODE_ENV = 'production';
  // The server's part of the inspector is compiled into the same folder.
  const folder = resolve(outDir);
  await build({ ...common(plugins), build: { ...commonBuild, outDir: folder, emptyOutDir: false } });
  writeFileSync(join(folder, 'saved-page.html'), await savedPageTemplate(plugins));
}

/**
 * The template of a saved page: all in one file, since a file may load no other. Its own policy allows the script and the style that stand
 * in it, by their hashes, and nothing else.
 */
async function savedPageTemplate(plugins) {
  const rolldownOptions = { input: `${page}saved.html`, output: { codeSplitting: false } };
  const { output } = await build({
    ...common(plugins),
    build: { ...commonBuild, cssCodeSplit: false, write: false, rolldownOptions },
  });
  const partOf = (isIt) => String(output.filter(isIt).map((part) => part.code ?? part.source)[0]).trim();
  const script = partOf(({ type }) => type === 'chunk');
  const style = partOf(({ fileName }) => fileName.endsWith('.css'));
  const html = partOf(({ fileName }) => fileName.endsWith('.html'));
  if (/<\/script|<script/i.test(script) || /<\/style/i.test(style)) {
    throw new Error('the template of a saved page would end inside of its script or style');
  }
  const policy = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'`;
  const meta = '<meta charset="utf-8">';
  return html
    .replace(/\s*<script type="module"[^>]*><\/script>/, '')
    .replace(/\s*<link rel="stylesheet"[^>]*>/, '')
    .replace(meta, () => `${meta}\n    <meta http-equiv="content-security-policy" content="${policy}">`)
    .replace('</head>', () => `  <style>${style}</style>\n  </head>`)
    .replace('</body>', () => `  <script type="module">${script}</script>\n  </body>`);
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(process.argv[2] ?? 'dist/inspector');
