/**
 * The baseline of live capture: npm `cap` with a callback that does nothing but count, opened as the probe opens it.
 *
 *   node bench/cap-empty.ts NETNS_PATH INTERFACE BUFFER_BYTES
 *
 * A line on stdin asks for `{"received": …, "dropped": …}`; its end ends the process.
 */
import { createInterface } from 'node:readline';
import { readPacketStatistics, socketDescriptors } from '../probe/capture/packet-socket.ts';
import { loadCap } from '../probe/capture/pcap-handle.ts';
import { inNetns } from '../probe/linux/netns.ts';

const [netnsPath, name, bufferBytes] = process.argv.slice(2);
const cap = new (loadCap().Cap)();
/** Held for as long as the process lives: libpcap writes into it. */
const buffer = Buffer.alloc(65_535);
let received = 0;
let dropped = 0;
const before = socketDescriptors();
inNetns(netnsPath!, () => cap.open(name!, '', Number(bufferBytes), buffer));
cap.on('packet', () => {
  received++;
});
const isOfCap = (fd: number) => {
  try {
    readPacketStatistics(fd);
    return true;
  } catch {
    return false;
  }
};
const fd = [...socketDescriptors()].find((candidate) => !before.has(candidate) && isOfCap(candidate))!;
const lines = createInterface({ input: process.stdin });
lines.on('line', () => {
  dropped += readPacketStatistics(fd).drops;
  process.stdout.write(`${JSON.stringify({ received, dropped })}\n`);
});
lines.on('close', () => process.exit(buffer.length > 0 ? 0 : 1));
process.stdout.write('ready\n');
