/**
 * Where on the bus the virtual functions of a network card are (PCI Express SR-IOV, chapter 3: the n-th one is at
 * the card's own routing id + offset + n × stride). The kernel tells these numbers in /sys/bus/pci, which any
 * process may read and which is the same in every network namespace.
 */
import { readFileSync } from 'node:fs';

const DEVICES = '/sys/bus/pci/devices';
const PCI_ADDRESS = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/;
/** The standard has 16 bits for the count; no card comes near this. */
const FUNCTIONS_MAX = 4_096;

/** True for the bus address of a PCI device, as ethtool tells it. */
export function isPciAddress(busInfo: string | undefined): busInfo is string {
  return busInfo !== undefined && PCI_ADDRESS.test(busInfo);
}

/**
 * Bus addresses of the virtual functions that are switched on, with their numbers; empty when none are, undefined
 * when the device cannot have any. Never throws.
 */
export function readVirtualFunctions(
  busInfo: string,
  read: (path: string) => string = readText,
): ReadonlyMap<string, number> | undefined {
  const number = (file: string): number => Number.parseInt(read(`${DEVICES}/${busInfo}/${file}`), 10);
  const count = number('sriov_numvfs');
  if (Number.isNaN(count)) return undefined;
  const [offset, stride] = [number('sriov_offset'), number('sriov_stride')];
  const functions = new Map<string, number>();
  if (Number.isNaN(offset) || Number.isNaN(stride)) return functions;
  for (let id = 0; id < Math.min(count, FUNCTIONS_MAX); id++)
    functions.set(addressAfter(busInfo, offset + id * stride), id);
  return functions;
}

/** The bus address so many routing ids (bus 8 bits, device 5, function 3) behind this one. */
function addressAfter(busInfo: string, distance: number): string {
  const [, domain = '', bus = '', device = '', fn = ''] = PCI_ADDRESS.exec(busInfo) ?? [];
  const own = Number.parseInt(bus, 16) * 256 + Number.parseInt(device, 16) * 8 + Number(fn);
  const routingId = own + distance;
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `${domain}:${hex((routingId >> 8) & 0xff)}:${hex((routingId >> 3) & 0x1f)}.${routingId & 7}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
