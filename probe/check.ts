/** `--check`: which capabilities a probe needs, what for, which this process has, and how to give them to one that is not root. */
import { capabilitySet, KEPT_BY_ROOT, NEEDED_CAPABILITIES, readOwnStatus } from './capabilities.ts';

/** Prints to stdout; returns the exit status: 1 when something is missing. */
export function printCheck(
  status = readOwnStatus(),
  write = (text: string) => process.stdout.write(text),
): number {
  const held = capabilitySet('CapEff', status) ?? 0n;
  const has = (bit: bigint) => ((held >> bit) & 1n) === 1n;
  for (const { what, bit, purpose, consequence } of NEEDED_CAPABILITIES) {
    write(`${has(bit) ? 'ok     ' : 'MISSING'}  ${what.padEnd(20)}  ${purpose}\n`);
    if (!has(bit)) write(`${' '.repeat(31)}without it: ${consequence}\n`);
  }
  const needed = NEEDED_CAPABILITIES.reduce((bits, { bit }) => bits | (1n << bit), 0n);
  const more = held & ~needed & ~KEPT_BY_ROOT;
  if ((held & KEPT_BY_ROOT) !== 0n) write("held by root: CAP_DAC_OVERRIDE, for other users' sockets\n");
  write(more === 0n ? 'nothing beyond these is held\n' : `held beyond these: 0x${more.toString(16)}\n`);
  const isWhole = (held & needed) === needed;
  if (!isWhole) write(HOW_TO_GIVE);
  return isWhole ? 0 : 1;
}

const NAMES = NEEDED_CAPABILITIES.map(({ what }) => what.toLowerCase());
const HOW_TO_GIVE = `
Run the probe as root (it gives up all others by itself), by systemd (scripts/systemd/edgedive-probe.service), or

  setpriv --reuid USER --regid GROUP --init-groups --inh-caps ${listed('+')} --ambient-caps ${listed('+')} npm run probe -- …
`;

function listed(sign: string): string {
  return NAMES.map((name) => sign + name.replace('cap_', '')).join(',');
}
