import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { missingCapabilities } from '../../probe/capabilities.ts';

const names = (status: string) => missingCapabilities(status).map(({ what }) => what);

describe('missingCapabilities', () => {
  it('misses nothing with every bit set', () => {
    expect(names('Name:\tnode\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n')).toEqual([]);
  });

  it('misses all without any bit, in the order of their weight', () => {
    expect(names('CapEff:\t0000000000000000\n')).toEqual([
      'CAP_NET_RAW',
      'CAP_NET_ADMIN',
      'CAP_SYS_ADMIN',
      'CAP_SYS_PTRACE',
      'CAP_DAC_READ_SEARCH',
      'CAP_NET_BIND_SERVICE',
    ]);
  });

  // Bits of linux/capability.h; 0x283404 is all six.
  it.each([
    ['CAP_NET_RAW', 13],
    ['CAP_NET_ADMIN', 12],
    ['CAP_SYS_ADMIN', 21],
    ['CAP_SYS_PTRACE', 19],
    ['CAP_DAC_READ_SEARCH', 2],
    ['CAP_NET_BIND_SERVICE', 10],
  ])('takes %s for bit %i', (name, bit) => {
    const bits = 0x28_3404 & ~(1 << bit);
    expect(names(`CapEff:\t${bits.toString(16).padStart(16, '0')}\n`)).toEqual([name]);
  });

  it('says nothing where the kernel does not tell', () => {
    expect(names('')).toEqual([]);
  });

  it.skipIf(process.getuid?.() !== 0)('agrees with the kernel about a process without CAP_NET_RAW', () => {
    const script =
      "import('./probe/capabilities.ts').then((m) => console.log(JSON.stringify(m.missingCapabilities())))";
    const drop = ['--bounding-set', '-net_raw', '--inh-caps', '-net_raw', process.execPath, '-e', script];
    const printed = JSON.parse(execFileSync('setpriv', drop, { encoding: 'utf8' })) as { what: string }[];
    expect(printed.map(({ what }) => what)).toEqual(['CAP_NET_RAW']);
  });
});
