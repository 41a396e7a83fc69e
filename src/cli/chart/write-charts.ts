/** `recital chart`: writes one chart to standard output or a file, or all of them into a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { chartOf } from '../../analysis/chart/chart-content.ts';
import { drawChart } from '../../analysis/chart/chart-drawing.ts';
import type { ChartLevel } from '../../analysis/chart/chart-geometry.ts';
import { mermaidOf, wholePicture } from '../../analysis/chart/mermaid.ts';
import { xstateJson, xstateModule } from '../../analysis/chart/xstate-export.ts';
import { wordsOf } from '../../errors.ts';
import { bootstrapMachine } from '../../machines/bootstrap.machine.ts';
import { collectMachine } from '../../machines/collect.machine.ts';
import { sessionMachine } from '../../machines/session/session.machine.ts';
import { supervisorMachine } from '../../machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../../machines/welcome/welcome.machine.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { printable } from '../terminal/output.ts';
import type { ChartFormat, ChartName } from './command.ts';

const machines: Readonly<Record<ChartName, AnyStateMachine>> = Object.freeze({
  session: sessionMachine,
  welcome: welcomeMachine,
  supervisor: supervisorMachine,
  collect: collectMachine,
  bootstrap: bootstrapMachine,
});

const endings: Readonly<Record<ChartFormat, string>> = Object.freeze({
  svg: 'svg',
  mermaid: 'mmd',
  'xstate-json': 'json',
  'xstate-js': 'js',
});

const DEFAULT_FOLDER = 'recital-charts';

export interface ChartOptions {
  /** undefined = all, into a folder. */
  readonly name: ChartName | undefined;
  readonly format: ChartFormat;
  readonly level: ChartLevel;
  readonly out: string | undefined;
}

/** Good = written, unusable = it could not be; files that are written are named on standard output. */
export function writeCharts({ name, format, level, out }: ChartOptions, { stdout, stderr }: CommandContext): number {
  const textOf = (machine: AnyStateMachine) => textIn(format, machine, level);
  if (name !== undefined && out === undefined) {
    stdout.write(textOf(machines[name]));
    return exitCodes.good;
  }
  const folder = out ?? DEFAULT_FOLDER;
  const files =
    name === undefined
      ? Object.entries(machines).map(([each, machine]) => ({
          path: join(folder, `${each}.${endings[format]}`),
          machine,
        }))
      : [{ path: folder, machine: machines[name] }];
  try {
    if (name === undefined) mkdirSync(folder, { recursive: true });
    for (const { path, machine } of files) {
      writeFileSync(path, textOf(machine));
      stdout.line(printable(path));
    }
    return exitCodes.good;
  } catch (error) {
    const what = `--out ${printable(folder)} can't be written: ${printable(wordsOf(error))}`;
    stderr.line(`${stderr.styled('red', 'error:')} ${what}`);
    return exitCodes.unusable;
  }
}

function textIn(format: ChartFormat, machine: AnyStateMachine, level: ChartLevel): string {
  switch (format) {
    case 'svg':
      return drawChart(machine, level);
    case 'mermaid': {
      const chart = chartOf(machine);
      return `${mermaidOf(chart, wholePicture(chart))}\n`;
    }
    case 'xstate-json':
      return xstateJson(machine);
    case 'xstate-js':
      return xstateModule(machine);
  }
}
