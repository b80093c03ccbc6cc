/** `node ping.ts ADDRESS COUNT DATA_BYTES`: ICMP echo requests without ping(8), which not every machine has. */
import { loadKoffi, loadLibc } from '../../../probe/linux/libc.ts';

const AF_INET = 2;
const SOCK_RAW = 3;
const IPPROTO_ICMP = 1;
const ECHO_REQUEST = 8;

type Sendto = (
  fd: number,
  bytes: Uint8Array,
  length: number,
  flags: number,
  to: Uint8Array,
  toLength: number,
) => number;

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const [address = '', count = '1', dataBytes = '56'] = process.argv.slice(2);
const sendto = loadKoffi()
  .load(null)
  .func('intptr_t sendto(int, void *, size_t, int, void *, uint32_t)') as Sendto;
const fd = loadLibc().socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
const to = Buffer.alloc(16);
to.writeUInt16LE(AF_INET);
address.split('.').forEach((part, index) => to.writeUInt8(Number(part), 4 + index));
for (let sequence = 1; sequence <= Number(count); sequence++) {
  const packet = Buffer.alloc(8 + Number(dataBytes));
  packet.writeUInt8(ECHO_REQUEST);
  packet.writeUInt16BE(4_242, 4);
  packet.writeUInt16BE(sequence, 6);
  packet.writeUInt16BE(checksum(packet), 2);
  if (sendto(fd, packet, packet.length, 0, to, to.length) !== packet.length) process.exitCode = 1;
  await new Promise((resolve) => setTimeout(resolve, 5));
}
