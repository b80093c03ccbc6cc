/**
 * The probe's life, behind the entry `main.ts`: reads the settings, starts the probe, and ends it in order on SIGINT, SIGTERM or the death of whoever started it. With `--pcap`
 * it reads capture files instead: exit status 0 when all were read and delivered, else 1.
 */
import { messageOf } from '../core/errors.ts';
import { printCheck } from './check.ts';
import { ConfigError, configFileOf, readConfig, usage, type ProbeConfig } from './config.ts';
import { readFiles } from './files/read-files.ts';
import { createLog } from './log.ts';
import { startProbe } from './probe.ts';

const log = createLog('probe');
/** An orderly end takes at most about two seconds; then it is enough. */
const END_MS_MAX = 4_000;

/** The environment with what a file says besides; its reader is loaded only for one. */
async function environment(args: readonly string[]): Promise<Readonly<Record<string, string | undefined>>> {
  const file = configFileOf(args, process.env);
  if (file === undefined && (process.env['EDGEDIVE_TOKEN_FILE'] ?? '') === '') return process.env;
  const { withConfigFile } = await import('./config-file.ts');
  return withConfigFile(file, process.env, process.cwd(), (text) => log.warn(text));
}

async function configOrExit(): Promise<ProbeConfig> {
  let config: ProbeConfig | undefined;
  try {
    const args = process.argv.slice(2);
    config = readConfig(args, await environment(args));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`edgedive probe: ${error.message}\n`);
    return process.exit(2);
  }
  if (config?.check === true) return process.exit(printCheck());
  if (config !== undefined) return config;
  process.stdout.write(`${usage}\n`);
  return process.exit(0);
}

/** Resolves with the reason to end. */
function reasonToEnd(config: ProbeConfig): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    if (!config.parentWatch) return;
    for (const event of ['end', 'close', 'error'])
      process.stdin.on(event, () => resolve('whoever started it is gone'));
    process.stdin.resume();
  });
}

function limitEnd(): NodeJS.Timeout {
  return setTimeout(() => {
    log.error(`not ended within ${END_MS_MAX} ms`);
    process.exit(1);
  }, END_MS_MAX);
}

async function main(): Promise<void> {
  const config = await configOrExit();
  const ending = reasonToEnd(config);
  if (config.files.length > 0) {
    const interrupted = ending.then((reason) => {
      throw new Error(`ended before all files were read: ${reason}`);
    });
    const isGood = await Promise.race([readFiles(config, createLog('pcap')), interrupted]);
    process.exit(isGood ? 0 : 1);
  }
  // Also bounds a start that hangs while the end is asked for.
  void ending.then(limitEnd);
  const probe = await startProbe(config);
  await probe.stop(await ending);
  process.exit(0);
}

try {
  await main();
} catch (error) {
  log.error(messageOf(error));
  process.exit(1);
}
