// Writes proto/descriptors.binpb: what reflection tells of the server, as a standard FileDescriptorSet (without comments and
// positions, so that a comment changes nothing). Run by `npm run generate` after a change of the contract;
// test/process/rpc/proto-contract.test.ts runs it into a temporary folder and fails on any difference.
//
// proto-loader has descriptors, too, but not of this quality: no imports, wrong names of map entries, optional fields as oneofs.
// Clients refuse them.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const outFile = process.argv[2] ?? `${root}/proto/descriptors.binpb`;
const buf = `${root}/node_modules/@bufbuild/buf/bin/buf`;

const modules = 'node_modules';
/** Folders that imports are relative to, and what of them is described (absent = all). */
const sources = [
  ['proto'],
  [`${modules}/grpc-health-check/proto`],
  // Beside grpc/ there are samples.
  [`${modules}/@grpc/reflection/build/proto`, '--path', `${modules}/@grpc/reflection/build/proto/grpc`],
];

const sets = sources.map((source) =>
  execFileSync(
    process.execPath,
    [buf, 'build', ...source, '--exclude-source-info', '--as-file-descriptor-set', '-o', '-#format=binpb'],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  ),
);
// A set of files is a repeated field: sets behind each other are one set.
writeFileSync(outFile, Buffer.concat(sets));
