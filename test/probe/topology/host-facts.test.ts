import { describe, expect, it } from 'vitest';
import {
  parseCommandLine,
  parseCpuInfo,
  parseCpuList,
  parseOsRelease,
  readHostFacts,
} from '../../../probe/topology/host-facts.ts';

const CPUINFO = `processor	: 0
vendor_id	: AuthenticAMD
cpu family	: 25
model		: 17
model name	: AMD EPYC
stepping	: 1
microcode	: 0x1000065
cpu MHz		: 2596.124
cache size	: 1024 KB
physical id	: 0
core id		: 0

processor	: 1
vendor_id	: AuthenticAMD
core id		: 1

Hardware	: some board without a processor line
`;

describe('host facts', () => {
  it('are those of the reference on the machine of its recordings', () => {
    // topology.jsonl, node "skyref": CPU 0 is left out like every 0.
    expect(parseCpuInfo(CPUINFO)[0]).toEqual({
      VendorID: 'AuthenticAMD',
      Family: '25',
      Model: '17',
      Stepping: 1,
      PhysicalID: '0',
      CoreID: '0',
      Cores: 1,
      ModelName: 'AMD EPYC',
      Mhz: 2596,
      CacheSize: 1024,
      Microcode: '0x1000065',
    });
    expect(parseCpuInfo(CPUINFO).map((cpu) => cpu['CPU'])).toEqual([undefined, 1]);
    expect(parseCommandLine('quiet root=/dev/vda rw\n')).toEqual({ quiet: true, root: '/dev/vda', rw: true });
  });

  it('read values in quotes, ranges, and leave out what is empty', () => {
    expect(parseCommandLine('dyndbg="file a.c +p" x=')).toEqual({ dyndbg: 'file a.c +p', x: '' });
    expect(parseCpuList('0-2,5\n')).toEqual([0, 1, 2, 5]);
    expect(parseCpuList('\n')).toEqual([]);
    expect(
      Object.fromEntries(parseOsRelease('# c\nID=ubuntu\nID_LIKE="debian x"\n\nNAME=\'a b\'\n')),
    ).toEqual({
      ID: 'ubuntu',
      ID_LIKE: 'debian x',
      NAME: 'a b',
    });
    const bare = readHostFacts(() => '');
    expect(bare).not.toHaveProperty('CPU');
    expect(bare).not.toHaveProperty('Platform');
    expect(bare).not.toHaveProperty('IsolatedCPU');
  });

  it('name the family and version of the distribution', () => {
    const files: Record<string, string> = {
      '/etc/os-release': 'ID=debian\nVERSION_ID="12"',
      '/etc/debian_version': '12.11\n',
    };
    expect(readHostFacts((path) => files[path] ?? '')).toMatchObject({
      OS: 'linux',
      Platform: 'debian',
      PlatformFamily: 'debian',
      PlatformVersion: '12.11',
    });
    const ubuntu = { '/etc/os-release': 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"' } as Record<
      string,
      string
    >;
    expect(readHostFacts((path) => ubuntu[path] ?? '')).toMatchObject({
      Platform: 'ubuntu',
      PlatformFamily: 'debian',
      PlatformVersion: '24.04',
    });
  });
});
