/**
 * Disks that can be full. `smallDisk` is a file system of its own (tmpfs in a mount namespace, which root has, and elsewhere whoever may have a
 * user namespace): it is reached through /proc, so that nothing stays mounted whatever ends the test. `limitedFiles` works everywhere:
 * no file of the processes grows or is written any more (RLIMIT_FSIZE), as on a full disk.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { atEndOfFile, makeFolder } from './end-of-file.ts';

export interface FillableDisk {
  /** Stands on it. */
  readonly dir: string;
  /** From now on nothing more goes on it; `pid`: of the server that writes there. */
  fill(pid: number): void;
  /** There is room again. */
  free(pid: number): void;
}

/** null = this system allows no file system of one's own. */
export async function smallDisk(mebibytes: number): Promise<FillableDisk | null> {
  const place = makeFolder('recital-disk-');
  for (const flags of [['-m'], ['-rm']]) {
    const holder = await heldMount(flags, place, mebibytes);
    if (holder === null) continue;
    const dir = `/proc/${holder.pid}/root${place}`;
    const ballast = join(dir, 'ballast');
    return { dir, fill: () => fillUp(ballast), free: () => rmSync(ballast) };
  }
  return null;
}

export function limitedFiles(): FillableDisk {
  const limit = (pid: number, bytes: string): void => {
    // Of a child that starts meanwhile the limit is its parent's, which is changed first.
    for (const each of [pid, ...childrenOf(pid)]) execFileSync('prlimit', ['--pid', String(each), `--fsize=${bytes}:`]);
  };
  return {
    dir: makeFolder('recital-limited-'),
    fill: (pid) => limit(pid, '0'),
    free: (pid) => limit(pid, 'unlimited'),
  };
}

/** The process that holds the mount; null where none is allowed. It ends with this one. */
async function heldMount(flags: readonly string[], place: string, mebibytes: number): Promise<ChildProcess | null> {
  const script = `mount -t tmpfs -o size=${mebibytes}m,mode=0700 none "$0" && echo mounted && exec cat`;
  const holder = spawn('unshare', [...flags, 'sh', '-c', script, place], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<boolean>((resolve) => {
    holder.once('error', () => resolve(false)).once('exit', () => resolve(false));
  });
  const mounted = new Promise<boolean>((resolve) => holder.stdout.once('data', () => resolve(true)));
  if (!(await Promise.race([mounted, ended]))) return null;
  atEndOfFile(() => {
    holder.stdin.end();
    return ended;
  });
  return holder;
}

/** To the last byte. */
function fillUp(path: string): void {
  const file = openSync(path, 'a');
  for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeSync(file, Buffer.alloc(bytes, 1));
    } catch {
      // No room for so much: for less, perhaps.
    }
  }
  closeSync(file);
}

function childrenOf(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
