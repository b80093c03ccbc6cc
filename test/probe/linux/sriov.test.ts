import { describe, expect, it } from 'vitest';
import { isPciAddress, readVirtualFunctions } from '../../../probe/linux/sriov.ts';

const files =
  (contents: Readonly<Record<string, string>>) =>
  (path: string): string =>
    contents[path.replace('/sys/bus/pci/devices/', '')] ?? '';

describe('readVirtualFunctions', () => {
  it('places the functions at offset and stride from the card, over the bounds of devices and buses', () => {
    // 00:1f.7 is routing id 0x00ff; 0xff + 1 + 2n: 0x100, 0x102, 0x104 = bus 1, device 0, functions 0, 2, 4
    const read = files({
      '0000:00:1f.7/sriov_numvfs': '3\n',
      '0000:00:1f.7/sriov_offset': '1\n',
      '0000:00:1f.7/sriov_stride': '2\n',
    });
    expect([...readVirtualFunctions('0000:00:1f.7', read)!]).toEqual([
      ['0000:01:00.0', 0],
      ['0000:01:00.2', 1],
      ['0000:01:00.4', 2],
    ]);
  });

  it('keeps the domain, and carries from function to device', () => {
    // An Intel 82599: offset 0x80, stride 2; 3b:00.1 + 0x80 = 3b:10.1
    const read = files({
      '10000:3b:00.1/sriov_numvfs': '2',
      '10000:3b:00.1/sriov_offset': '128',
      '10000:3b:00.1/sriov_stride': '2',
    });
    expect([...readVirtualFunctions('10000:3b:00.1', read)!.keys()]).toEqual([
      '10000:3b:10.1',
      '10000:3b:10.3',
    ]);
  });

  it('tells none switched on from none possible, and takes nonsense for none', () => {
    expect(readVirtualFunctions('0000:00:01.0', files({ '0000:00:01.0/sriov_numvfs': '0\n' }))).toEqual(
      new Map(),
    );
    expect(readVirtualFunctions('0000:00:01.0', files({}))).toBeUndefined();
    expect(readVirtualFunctions('0000:00:01.0', files({ '0000:00:01.0/sriov_numvfs': 'x' }))).toBeUndefined();
    expect(readVirtualFunctions('0000:00:01.0', files({ '0000:00:01.0/sriov_numvfs': '4' }))).toEqual(
      new Map(),
    );
    // This machine's own files.
    expect(readVirtualFunctions('ffff:ff:1f.7')).toBeUndefined();
  });
});

describe('isPciAddress', () => {
  it('knows what ethtool says of PCI devices from what it says of others', () => {
    expect(['0000:3b:00.0', '10000:e1:00.1'].map(isPciAddress)).toEqual([true, true]);
    expect(['', 'N/A', 'tap', 'usb-0000:00:14.0-3', '0000:3b:00.8', undefined].map(isPciAddress)).toEqual(
      Array(6).fill(false),
    );
  });
});
