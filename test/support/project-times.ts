/**
 * Reporter: after a run, which tests passed on a second try only and what failed the first, and how long each project took, on the clock
 * and of the processors. The projects run one after another
 * (`sequence.groupOrder`), so a project lasts from its first file to the first of the next one.
 *
 * The CPU time is that of this process with everything it started: servers and workers, those that have ended included. Only Linux
 * tells it; elsewhere there is the clock alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** Clock ticks a second in /proc, the same on every Linux. */
const TICKS_PER_SECOND = 100;

/** Of a message that a run ends with. */
const MAX_WHY_CHARS = 300;

interface Moment {
  readonly wallSeconds: number;
  /** NaN where nobody tells. */
  readonly cpuSeconds: number;
}

interface ProjectTime extends Moment {
  readonly name: string;
}

export class ProjectTimes implements Reporter {
  #done: ProjectTime[] = [];
  #current: { readonly name: string; readonly began: Moment } | null = null;

  onTestRunStart(): void {
    this.#done = [];
    this.#current = null;
  }

  onTestModuleQueued({ project: { name } }: TestModule): void {
    if (this.#current?.name === name) return;
    this.#closeCurrent();
    this.#current = { name, began: now() };
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    this.#closeCurrent();
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      // One that has to fail is tried again for that.
      if (test.diagnostic()?.flaky !== true || test.options.fails === true) continue;
      const why = test
        .result()
        .errors?.map(({ message }) => message.slice(0, MAX_WHY_CHARS))
        .join('; ');
      process.stdout.write(`passed on its second try: ${test.module.relativeModuleId} > ${test.fullName}: ${why}\n`);
    }
    for (const { name, wallSeconds, cpuSeconds } of this.#done) {
      const ofProject = modules.filter(({ project }) => project.name === name);
      const tests = ofProject.reduce((count, module) => count + [...module.children.allTests()].length, 0);
      const cpu = Number.isNaN(cpuSeconds) ? '' : `, ${cpuSeconds.toFixed(1)} CPU s`;
      process.stdout.write(`${name}: ${tests} tests in ${ofProject.length} files, ${wallSeconds.toFixed(1)} s${cpu}\n`);
    }
  }

  #closeCurrent(): void {
    if (this.#current === null) return;
    const { name, began } = this.#current;
    const ended = now();
    this.#done.push({
      name,
      wallSeconds: ended.wallSeconds - began.wallSeconds,
      cpuSeconds: ended.cpuSeconds - began.cpuSeconds,
    });
    this.#current = null;
  }
}

function now(): Moment {
  return { wallSeconds: performance.now() / 1000, cpuSeconds: cpuSecondsOfAll() };
}

/** What this process, its descendants and those of them that have ended have used so far. */
function cpuSecondsOfAll(): number {
  const all = processes();
  const ticksOf = (pid: number): number => {
    const children = all.filter(({ parent }) => parent === pid);
    return children.reduce(
      (ticks, child) => ticks + ticksOf(child.pid),
      all.find((each) => each.pid === pid)?.ticks ?? NaN,
    );
  };
  return ticksOf(process.pid) / TICKS_PER_SECOND;
}

interface ProcessTime {
  readonly pid: number;
  readonly parent: number;
  /** Its own, and those of its children that it has waited for. */
  readonly ticks: number;
}

function processes(): readonly ProcessTime[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const text = statOf(name);
      // The program's name stands in brackets and may hold anything; the fields behind it are numbers.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      if (text === '') return [];
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      return [{ pid: Number(name), parent: Number(fields[1]), ticks }];
    });
}

/** '' if it has ended meanwhile. */
function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
