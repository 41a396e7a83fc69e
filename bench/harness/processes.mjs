// What a server and all its child processes use: processor time, to the nanosecond where the threads still live, and memory. Linux only (/proc).
import { readdirSync, readFileSync } from 'node:fs';

/** As /proc counts ticks. */
const SECONDS_PER_TICK = 0.01;
/** What ticks may tell more than living threads do, by their coarseness alone. */
const TICKS_SLACK_SECONDS = 0.05;

/** A process and all below it. */
export function treeOf(pid) {
  return [pid, ...tasksOf(pid).flatMap((thread) => childrenOf(pid, thread).flatMap(treeOf))];
}

function tasksOf(pid) {
  return orNone(() => readdirSync(`/proc/${pid}/task`), []);
}

function childrenOf(pid, thread) {
  const text = orNone(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'), '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** A reading of the clocks of a tree; two of them make a span. */
export function readClocks(pid) {
  const pids = treeOf(pid);
  const threads = new Map();
  for (const id of pids) {
    for (const thread of tasksOf(id)) {
      const text = orNone(() => readFileSync(`/proc/${id}/task/${thread}/schedstat`, 'utf8'), null);
      if (text !== null) threads.set(`${id}/${thread}`, Number(text.split(' ')[0]) / 1e9);
    }
  }
  return { threads, ticks: pids.reduce((sum, id) => sum + ticksOf(id), 0) };
}

/** Processor time between two readings, in seconds: of the threads that live; of the ticks, where these tell of threads that ended meanwhile. */
export function secondsBetween(before, after) {
  let seconds = 0;
  for (const [thread, value] of after.threads) seconds += value - (before.threads.get(thread) ?? 0);
  const byTicks = (after.ticks - before.ticks) * SECONDS_PER_TICK;
  return byTicks - seconds > TICKS_SLACK_SECONDS + seconds * 0.03 ? byTicks : seconds;
}

function ticksOf(pid) {
  const stat = orNone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), null);
  if (stat === null) return 0;
  // Behind the name, which may hold anything: utime, stime, cutime and cstime are the 12th to 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

/** Resident memory of a tree, in bytes; what processes share is counted in each of them. */
export function residentBytes(pid) {
  return treeOf(pid).reduce((sum, id) => {
    const status = orNone(() => readFileSync(`/proc/${id}/status`, 'utf8'), '');
    return sum + Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }, 0);
}

/** A process may end between two looks at it. */
function orNone(read, none) {
  try {
    return read();
  } catch {
    return none;
  }
}
