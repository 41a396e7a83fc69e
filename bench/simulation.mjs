// Simulated sessions by the ten thousand: the server's own composition under virtual time, between hostile engines and clients
// (test/support/simulation). Options: --seed N --sessions N --logs N --threads N; --world K [--only CALLS] runs one world again and makes it
// small. What a campaign comes to depends on its seed alone, not on its threads.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

process.env.NODE_ENV = 'production';
const root = fileURLToPath(new URL('..', import.meta.url));
// Below the packages, so that the bundle finds them.
const folder = mkdtempSync(join(root, 'node_modules', '.simulation-'));
try {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: 'test/support/simulation/main.ts',
      outDir: folder,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'main.mjs' } },
    },
  });
  await import(pathToFileURL(join(folder, 'main.mjs')).href);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
