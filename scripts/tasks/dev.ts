/**
 * `npm run dev`: the same analyzer under `wrangler dev` on 127.0.0.1:8082, quiet and without the network. Arguments
 * go to wrangler, as in `npm run dev -- --port 8083 --persist-to DIR`. A signal ends wrangler together with the
 * workerd processes that it starts, with status 0.
 */
import { hostname } from 'node:os';
import { buildPage } from '../build-page.mjs';
import { endWithRunner } from '../process/parent.ts';
import { packageFile, root } from '../process/paths.ts';
import { killGroup, spawnTethered, stopTethered } from '../setup/tether.mjs';
import { WRANGLER_ENV } from '../process/wrangler-env.ts';
import { isLoopback, portHolders, probePort } from '../start/listen.ts';

/** Wrangler writes its state and stops workerd. */
const STOP_GRACE_MS = 3_000;

const args = process.argv.slice(2);

/** The value of `--name value` or `--name=value`. */
function option(name: string): string | undefined {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  return at < 0 ? undefined : args[at]!.includes('=') ? args[at]!.slice(name.length + 1) : args[at + 1];
}

async function refuseTakenPort(): Promise<void> {
  const port = Number(option('--port') ?? 8082);
  try {
    await probePort({ host: option('--ip') ?? '127.0.0.1', port, loopback: true });
  } catch {
    process.stderr.write(
      `edgedive dev: port ${port} is taken by ${portHolders(port).join(', ') || 'somebody'}\n`,
    );
    process.exit(2);
  }
}

await refuseTakenPort();
// Wrangler looks for the folder before it builds.
await buildPage();
// Only this machine reaches it, unless it was told to listen elsewhere.
const ip = option('--ip');
const auth = process.env['EDGEDIVE_AUTH'] ?? (ip === undefined || isLoopback(ip) ? 'off' : 'on');
const hostVar = [
  '--var',
  `EDGEDIVE_HOST_ID:${process.env['EDGEDIVE_HOST_ID'] ?? hostname()}`,
  '--var',
  `EDGEDIVE_AUTH:${auth}`,
];
const child = spawnTethered({
  command: process.execPath,
  args: [
    packageFile('wrangler', 'bin/wrangler.js'),
    'dev',
    '--show-interactive-dev-session=false',
    ...hostVar,
    ...args,
  ],
  cwd: root,
  env: { ...process.env, ...WRANGLER_ENV },
});
child.stdout?.pipe(process.stdout);
child.stderr?.pipe(process.stderr);

let asked = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    asked = true;
    void stopTethered(child, STOP_GRACE_MS);
  });
}
child.on('exit', (code) => {
  killGroup(child);
  process.exit(asked ? 0 : (code ?? 1));
});
endWithRunner();
