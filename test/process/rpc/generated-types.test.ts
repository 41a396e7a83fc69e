/** src/rpc/generated is what the generator makes of proto/streaming.proto: an edit of either alone fails here. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const generator = fileURLToPath(new URL('../../../scripts/generate-proto-types.mjs', import.meta.url));
const committed = fileURLToPath(new URL('../../../src/rpc/generated', import.meta.url));

/** Every file of a folder, by its path in it. */
function contentOf(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((file) => join(file.parentPath ?? file.path, file.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(dir.length + 1), readFileSync(path, 'utf8')]));
}

test('the committed types are the generated ones, file by file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'recital-types-'));
  try {
    execFileSync(process.execPath, [generator, join(dir, 'generated')], { stdio: 'pipe' });
    const generated = contentOf(join(dir, 'generated'));
    expect(Object.keys(generated).length).toBeGreaterThan(10);
    expect(contentOf(committed)).toEqual(generated);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
