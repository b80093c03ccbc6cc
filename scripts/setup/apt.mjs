/**
 * Debian packages that set-up and tests need, where there is apt and we are root. EDGEDIVE_NO_APT=1 forbids it.
 * The package lists are fetched at most once a process, and only when the first try finds that it needs them.
 */
import { existsSync } from 'node:fs';
import { run, step, which } from './run-step.mjs';

/** What Debian's packages ask before they start a service; 101 = do not. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
/** Runs its arguments while that file says no; a shell, because it takes the file away again when we are gone. */
const WITHOUT_SERVICES = `
trap 'rm -f ${POLICY_FILE}' EXIT
printf '#!/bin/sh\\nexit 101\\n' >${POLICY_FILE} && chmod 755 ${POLICY_FILE}
"$@"`;

let listsAreFresh = false;

/**
 * Installs what is named.
 * @param {readonly string[]} packages
 * @param {{ startServices?: boolean }} [options] false: what a package would run as a service stays off
 * @returns {Promise<string | undefined>} why it was not possible, for people
 */
export async function aptInstall(packages, { startServices = true } = {}) {
  const apt = which('apt-get');
  if (process.env['EDGEDIVE_NO_APT'] === '1') return 'EDGEDIVE_NO_APT is set';
  if (apt === undefined) return 'no apt-get here';
  if (process.getuid?.() !== 0) return 'installing needs root';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Killed half-way it would leave the system's packages half installed.
  const options = { env, finish: true };
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  const install = () =>
    // Where the machine has a policy of its own, that one holds.
    startServices || existsSync(POLICY_FILE)
      ? run(apt, args, options)
      : run('sh', ['-c', WITHOUT_SERVICES, 'sh', apt, ...args], options);
  const outcome = await step(`apt: ${packages.join(' ')}`, async () => {
    if (listsAreFresh) return install();
    const first = await install();
    if (first.ok) return first;
    await run(apt, ['update', '-qq'], options);
    listsAreFresh = true;
    return install();
  });
  return outcome.ok ? undefined : `apt-get: ${outcome.tail.split('\n').at(-1) ?? ''}`;
}
