/** Frames made byte by byte, sent as they are: through a packet socket, or into a tun device. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { checked, loadLibc } from '../../../probe/linux/libc.ts';
import { inNetns } from '../../../probe/linux/netns.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;

export interface FrameOptions {
  /** Tags from the outermost on; 802.1ad for all but the innermost. */
  readonly vlans?: readonly number[];
  readonly payloadBytes?: number;
  readonly sourcePort?: number;
}

/** An IPv4 UDP packet from 192.0.2.1 to 192.0.2.2, port 9. */
export function udpPacket({ payloadBytes = 32, sourcePort = 4_000 }: FrameOptions = {}): Buffer {
  const packet = Buffer.alloc(28 + payloadBytes);
  packet[0] = 0x45;
  packet.writeUInt16BE(packet.length, 2);
  packet[8] = 64;
  packet[9] = 17;
  packet.set([192, 0, 2, 1], 12);
  packet.set([192, 0, 2, 2], 16);
  packet.writeUInt16BE(sourcePort, 20);
  packet.writeUInt16BE(9, 22);
  packet.writeUInt16BE(8 + payloadBytes, 24);
  return packet;
}

export function udpFrame(options: FrameOptions = {}): Buffer {
  const { vlans = [] } = options;
  const tags = vlans.map((vlan, index) => {
    const tag = Buffer.alloc(4);
    tag.writeUInt16BE(index < vlans.length - 1 ? 0x88a8 : 0x8100, 0);
    tag.writeUInt16BE(vlan, 2);
    return tag;
  });
  const macs = Buffer.from('020000000002020000000001', 'hex');
  return Buffer.concat([macs, ...tags, Buffer.from([0x08, 0x00]), udpPacket(options)]);
}

/** Sends each frame out of an interface of a namespace. */
export function sendFrames(netns: string, ifIndex: number, frames: readonly Buffer[]): void {
  const libc = loadLibc();
  const fd = inNetns(`/var/run/netns/${netns}`, () =>
    checked(libc.socket(AF_PACKET, SOCK_RAW, 0), 'socket', 'AF_PACKET'),
  );
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(ifIndex, 4);
  try {
    checked(libc.bind(fd, address, address.length), 'bind', ifIndex);
    for (const frame of frames) checked(libc.send(fd, frame, frame.length, 0), 'send', ifIndex);
  } finally {
    closeSync(fd);
  }
}

export interface Tun {
  /** As if it came from the network. */
  receive(packet: Buffer): void;
  close(): void;
}

/** A tun device: an interface without a link layer. */
export function openTun(netns: string, name: string): Tun {
  const fd = inNetns(`/var/run/netns/${netns}`, () => {
    const device = openSync('/dev/net/tun', 'r+');
    const request = Buffer.alloc(40);
    request.write(name, 0, 'latin1');
    request.writeUInt16LE(IFF_TUN | IFF_NO_PI, 16);
    checked(loadLibc().ioctl(device, TUNSETIFF, request), 'ioctl', name);
    return device;
  });
  return { receive: (packet) => void writeSync(fd, packet), close: () => closeSync(fd) };
}
