// Writes the handler types of proto/streaming.proto to src/rpc/generated. Run by hand after a change of the contract;
// test/process/rpc/generated-types.test.ts runs it into a temporary folder and fails on any difference.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const outDir = process.argv[2] ?? `${root}/src/rpc/generated`;
rmSync(outDir, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [
    `${root}/node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js`,
    '--keepCase',
    '--longs=Number',
    '--enums=Number',
    '--defaults',
    '--oneofs',
    '--grpcLib=@grpc/grpc-js',
    '--importFileExtension=.ts',
    `--outDir=${outDir}`,
    'streaming.proto',
    `--includeDirs=${root}/proto`,
  ],
  { stdio: 'inherit', cwd: root },
);

// The generator writes the absolute path of the source into each file: the same on no two machines.
for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(`${root}/`, ''));
}
