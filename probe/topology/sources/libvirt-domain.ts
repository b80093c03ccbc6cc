/**
 * What libvirt's status file says of a running domain: the description that `virsh dumpxml` shows, inside how it is.
 */
import { readSmallFile } from './small-file.ts';
import { SourceError } from './source.ts';
import { attributeOf, findIn, readXml, type XmlElement } from './xml-read.ts';

export interface DomainInterface {
  /** Name of the host's end; "" for a device that was handed over. */
  readonly dev: string;
  /** Of the machine's end. */
  readonly mac: string;
  readonly busType: string;
  readonly busInfo: string;
  readonly alias: string;
}

export interface Domain {
  readonly uuid: string;
  readonly name: string;
  /** As the reference says it. */
  readonly state: string;
  readonly pid: number;
  readonly interfaces: readonly DomainInterface[];
  /** PCI addresses of the host's devices that the machine has to itself. */
  readonly passedThrough: readonly string[];
}

const STATES: Readonly<Record<string, string>> = {
  running: 'UP',
  blocked: 'BLOCKED',
  paused: 'PAUSED',
  shutdown: 'DOWN',
  shutoff: 'DOWN',
  crashed: 'CRASHED',
  pmsuspended: 'PMSUSPENDED',
};

/** Throws SourceError when it is no status of a domain, and Node's errors. */
export function readDomain(path: string): Domain {
  const status = readXml(readSmallFile(path));
  const domain = findIn(status, 'domain');
  const name = findIn(domain, 'name')?.text ?? '';
  const uuid = findIn(domain, 'uuid')?.text ?? '';
  if (status.name !== 'domstatus' || name === '' || uuid === '')
    throw new SourceError(`${path} is no status of a domain`);
  const devices = findIn(domain, 'devices')?.children ?? [];
  return {
    uuid,
    name,
    state: STATES[attributeOf(status, 'state')] ?? 'UNDEFINED',
    pid: Number(attributeOf(status, 'pid')) || 0,
    interfaces: devices.filter((device) => device.name === 'interface').map(interfaceOf),
    passedThrough: devices
      .filter(isPassedThrough)
      .map((device) => pciOf(findIn(device, 'source', 'address'))),
  };
}

function interfaceOf(device: XmlElement): DomainInterface {
  const address = findIn(device, 'address');
  const busType = attributeOf(address, 'type');
  return {
    dev: attributeOf(findIn(device, 'target'), 'dev'),
    mac: attributeOf(findIn(device, 'mac'), 'address').toLowerCase(),
    busType,
    busInfo: busType === 'pci' ? pciOf(address) : '',
    alias: attributeOf(findIn(device, 'alias'), 'name'),
  };
}

function isPassedThrough(device: XmlElement): boolean {
  if (
    device.name !== 'hostdev' &&
    !(device.name === 'interface' && attributeOf(device, 'type') === 'hostdev')
  )
    return false;
  return pciOf(findIn(device, 'source', 'address')) !== '';
}

/** `0000:00:02.0`, from numbers as C writes them; "" when they are none. */
function pciOf(address: XmlElement | undefined): string {
  const [domain, bus, slot, part] = ['domain', 'bus', 'slot', 'function'].map((key) =>
    Number(attributeOf(address, key) || Number.NaN),
  );
  if (![domain, bus, slot, part].every(Number.isInteger)) return '';
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return `${hex(domain!, 4)}:${hex(bus!, 2)}:${hex(slot!, 2)}.${hex(part!, 1)}`;
}
