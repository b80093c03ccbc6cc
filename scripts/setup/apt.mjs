/**
 * Debian packages that set-up and tests need, where there is apt and we are root. EDGEDIVE_NO_APT=1 forbids it.
 * The package lists are fetched at most once a process, and only when the first try finds that it needs them.
 */
import { run, step, which } from './run-step.mjs';

let listsAreFresh = false;

/**
 * Installs what is named.
 * @param {readonly string[]} packages
 * @returns {Promise<string | undefined>} why it was not possible, for people
 */
export async function aptInstall(packages) {
  const apt = which('apt-get');
  if (process.env['EDGEDIVE_NO_APT'] === '1') return 'EDGEDIVE_NO_APT is set';
  if (apt === undefined) return 'no apt-get here';
  if (process.getuid?.() !== 0) return 'installing needs root';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Killed half-way it would leave the system's packages half installed.
  const options = { env, finish: true };
  const install = () => run(apt, ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
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
