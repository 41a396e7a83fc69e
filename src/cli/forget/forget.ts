/**
 * `recital forget`: forgets what is remembered of one device, or of all, in the store below DATA_DIR; a server may be running. Exit codes:
 * 0 forgotten (also when there was nothing), 1 the store could not be written, 2 bad usage or configuration.
 */
import { forgetMemory } from '../../store/store-errand.ts';
import { configFaultExitCode, configOrNull } from '../terminal/given-config.ts';
import { createOutput } from '../terminal/output.ts';

export interface ForgetOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** null = every device. */
  readonly hardwareId: string | null;
  readonly json: boolean;
}

/** Forgets, prints how much that was, and resolves with the exit code. */
export async function forget({ env, hardwareId, json }: ForgetOptions): Promise<number> {
  const stderr = createOutput(process.stderr);
  const stdout = createOutput(process.stdout);
  const config = configOrNull(env, stderr);
  if (config === null) return configFaultExitCode;
  const { dir } = config.data;
  const report = await forgetMemory({ dataDir: dir, hardwareId });
  if (report.kind === 'failed') {
    stderr.line(
      `${stderr.styled('red', 'error:')} Nothing was forgotten: the store in DATA_DIR ${dir} can't be written: ${report.reason}`,
    );
    return 1;
  }
  const { devices, exchanges } = report;
  if (json) {
    stdout.line(JSON.stringify({ kind: 'forgotten', hardware_id: hardwareId, devices, exchanges }));
    return 0;
  }
  const whose =
    hardwareId === null ? `of ${devices} ${devices === 1 ? 'device' : 'devices'}` : `of ${JSON.stringify(hardwareId)}`;
  stdout.line(
    `Forgot ${exchanges} ${exchanges === 1 ? 'exchange' : 'exchanges'} ${whose} in ${dir}. Used tokens and quotas stay.`,
  );
  return 0;
}
