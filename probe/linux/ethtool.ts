/**
 * What the driver says of an interface (SIOCETHTOOL, linux/ethtool.h): name, bus, speed, features. The ioctl runs
 * in the namespace of the socket it is made on; a netlink socket serves as well as any.
 */
import { jsonEquals } from '../../core/graph/metadata.ts';
import { lastErrno, loadKoffi, loadLibc } from './libc.ts';

const SIOCETHTOOL = 0x8946;
const GSET = 0x01;
const GDRVINFO = 0x03;
const GSTRINGS = 0x1b;
const GSSET_INFO = 0x37;
const GFEATURES = 0x3a;
const STRING_SET_FEATURES = 4;
const ENODEV = 19;
const NAME_BYTES = 16;
const STRING_BYTES = 32;
/** More features than any kernel has (60 in 6.18); a longer list would not fit and is not read. */
const FEATURES_MAX = 256;

export type Features = { readonly [name: string]: boolean };

export interface DriverFacts {
  /** "" when there is none to ask (loopback). */
  readonly driver: string;
  /** undefined: the driver has no answer at all. */
  readonly busInfo: string | undefined;
  /** Mbit/s; undefined when unknown. */
  readonly speed: number | undefined;
  readonly duplex: 'half' | 'full' | undefined;
  readonly features: Features | undefined;
}

/** Of an interface that has no driver to ask. */
export const NO_DRIVER: DriverFacts = {
  driver: '',
  busInfo: undefined,
  speed: undefined,
  duplex: undefined,
  features: undefined,
};

export function isSameDriver(a: DriverFacts, b: DriverFacts): boolean {
  return (
    a.driver === b.driver &&
    a.busInfo === b.busInfo &&
    a.speed === b.speed &&
    a.duplex === b.duplex &&
    jsonEquals(a.features, b.features)
  );
}

const request = Buffer.alloc(40);
const argument = Buffer.alloc(12 + FEATURES_MAX * STRING_BYTES);
let argumentAddress: bigint | undefined;

/** Names by bit, the same for every interface of a kernel; read once. */
let featureNames: readonly string[] | undefined;
/** Interfaces mostly agree: equal bits share one object. */
const featuresOf = new Map<string, Features>();
const FEATURE_SETS_MAX = 1_000;

/**
 * Facts of the interface of this name in the socket's namespace; about 14 µs. undefined: there is none of this name
 * any more. Never throws: what fails is left out.
 */
export function readDriver(socketFd: number, name: string): DriverFacts | undefined {
  const hasInfo = call(socketFd, name, GDRVINFO, 196);
  if (!hasInfo && lastErrno() === ENODEV) return undefined;
  const driver = hasInfo ? text(4, 32) : '';
  const busInfo = hasInfo ? text(100, 32) : undefined;
  const features = driver === '' ? undefined : readFeatures(socketFd, name);
  return { driver, busInfo, ...readSettings(socketFd, name), features };
}

/** Fills `argument` with the answer; everything after the command word must have been prepared for `length` bytes. */
function call(socketFd: number, name: string, command: number, clearTo: number): boolean {
  argumentAddress ??= loadKoffi().address(argument);
  argument.fill(0, 4, clearTo);
  return repeat(socketFd, name, command);
}

/** Like `call` without clearing: the caller has written the argument. */
function repeat(socketFd: number, name: string, command: number): boolean {
  argumentAddress ??= loadKoffi().address(argument);
  request.fill(0, 0, NAME_BYTES);
  request.write(name, 0, NAME_BYTES - 1, 'utf8');
  request.writeBigUInt64LE(argumentAddress, NAME_BYTES);
  argument.writeUInt32LE(command, 0);
  return loadLibc().ioctl(socketFd, SIOCETHTOOL, request) >= 0;
}

/** struct ethtool_cmd: speed u16 at 12 and its upper half at 28, duplex u8 at 14. */
function readSettings(socketFd: number, name: string): Pick<DriverFacts, 'speed' | 'duplex'> {
  if (!call(socketFd, name, GSET, 44)) return { speed: undefined, duplex: undefined };
  const speed = argument.readUInt16LE(12) + argument.readUInt16LE(28) * 65_536;
  const isUnknown = speed === 0 || speed === 0xffff_ffff || speed === 0xffff;
  return { speed: isUnknown ? undefined : speed, duplex: DUPLEX[argument.readUInt8(14)] };
}

/** DUPLEX_HALF, DUPLEX_FULL; 255 = unknown. */
const DUPLEX = ['half', 'full'] as const;

function readFeatures(socketFd: number, name: string): Features | undefined {
  featureNames ??= readFeatureNames(socketFd, name);
  if (featureNames === undefined) return undefined;
  const words = Math.ceil(featureNames.length / 32);
  argument.fill(0, 4, 8 + words * 16);
  argument.writeUInt32LE(words, 4);
  if (!repeat(socketFd, name, GFEATURES)) return undefined;
  const active: number[] = [];
  for (let word = 0; word < words; word++) active.push(argument.readUInt32LE(8 + word * 16 + 8));
  const key = active.join();
  let features = featuresOf.get(key);
  if (features === undefined) {
    const bits = featureNames.map((feature, bit): [string, boolean] => [
      feature,
      ((active[bit >> 5]! >>> (bit & 31)) & 1) === 1,
    ]);
    features = Object.fromEntries(bits.filter(([feature]) => feature !== ''));
    if (featuresOf.size < FEATURE_SETS_MAX) featuresOf.set(key, features);
  }
  return features;
}

function readFeatureNames(socketFd: number, name: string): readonly string[] | undefined {
  argument.fill(0, 4, 24);
  argument.writeBigUInt64LE(1n << BigInt(STRING_SET_FEATURES), 8);
  if (!repeat(socketFd, name, GSSET_INFO)) return undefined;
  const count = argument.readUInt32LE(16);
  if (count > FEATURES_MAX) return undefined;
  argument.fill(0, 4, 12 + count * STRING_BYTES);
  argument.writeUInt32LE(STRING_SET_FEATURES, 4);
  argument.writeUInt32LE(count, 8);
  if (!repeat(socketFd, name, GSTRINGS)) return undefined;
  return Array.from({ length: count }, (_, index) => text(12 + index * STRING_BYTES, STRING_BYTES));
}

function text(at: number, length: number): string {
  const end = argument.indexOf(0, at);
  return argument.toString('latin1', at, end < 0 ? at + length : Math.min(end, at + length));
}
