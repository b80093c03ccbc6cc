import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { missingCapabilities } from '../../probe/capabilities.ts';

const names = (status: string) => missingCapabilities(status).map(({ what }) => what);

describe('missingCapabilities', () => {
  it('misses nothing with every bit set', () => {
    expect(names('Name:\tnode\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n')).toEqual([]);
  });

  it('misses all three without any bit', () => {
    expect(names('CapEff:\t0000000000000000\n')).toEqual(['CAP_NET_RAW', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN']);
  });

  it('tells the bits apart: 1 << 13 is CAP_NET_RAW, 1 << 12 CAP_NET_ADMIN, 1 << 21 CAP_SYS_ADMIN', () => {
    expect(names('CapEff:\t0000000000003000\n')).toEqual(['CAP_SYS_ADMIN']);
    expect(names('CapEff:\t0000000000202000\n')).toEqual(['CAP_NET_ADMIN']);
    expect(names('CapEff:\t0000000000201000\n')).toEqual(['CAP_NET_RAW']);
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
