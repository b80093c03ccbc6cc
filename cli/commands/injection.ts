/** `edgedive injection create|list|get|delete`: packets of one's own, sent from a node. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { PacketInjectionRequest } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { usageError } from '../errors.ts';
import { printJson } from '../output.ts';
import { analyzerOf, given, integer, ttlHeader } from './common.ts';
import { resourceCommand } from './resource.ts';

/** What an injection without an end of its own stays listed, as the reference's client has it. */
const STAYS_MS = 5_000;

const PORT = integer(0, 65_535);
const BYTES = integer(0, 65_535);

interface InjectionOptions {
  readonly src: string;
  readonly dst?: string;
  readonly srcIp?: string;
  readonly srcIP?: string;
  readonly dstIp?: string;
  readonly dstIP?: string;
  readonly srcMac?: string;
  readonly srcMAC?: string;
  readonly dstMac?: string;
  readonly dstMAC?: string;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly type: PacketInjectionRequest['Type'];
  readonly payload?: string;
  readonly pcap?: string;
  readonly id: number;
  readonly count: number;
  readonly interval: number;
  readonly mode: PacketInjectionRequest['Mode'] & string;
  readonly incPayload?: number;
  readonly increment?: number;
  readonly ttl: number;
}

export function injectionCommand(): Command {
  const command = resourceCommand({
    name: 'injection',
    alias: 'inject-packet',
    path: 'injectpacket',
    description: 'packets sent from a node',
  });
  command
    .command('create')
    .description('send packets from a node')
    .requiredOption('--src <query>', 'the node that sends')
    .option('--dst <query>', 'the node that is sent to')
    .option('--src-ip <address>', 'instead of the source node’s')
    .option('--dst-ip <address>', 'instead of the destination node’s')
    .option('--src-mac <mac>', 'instead of the source node’s')
    .option('--dst-mac <mac>', 'instead of the destination node’s')
    .option('--src-port <port>', 'of TCP and UDP', PORT)
    .option('--dst-port <port>', 'of TCP and UDP', PORT)
    .addOption(
      new Option('--type <type>')
        .choices(['icmp4', 'icmp6', 'tcp4', 'tcp6', 'udp4', 'udp6'])
        .default('icmp4'),
    )
    .option('--payload <text>')
    .option('--pcap <file>', 'send the packets of this capture file instead')
    .option('--id <n>', 'of ICMP', integer(0, 65_535), 0)
    .option('--count <n>', 'packets', integer(1, Number.MAX_SAFE_INTEGER), 1)
    .option('--interval <ms>', 'between two packets', integer(0, Number.MAX_SAFE_INTEGER), 0)
    .addOption(
      new Option('--mode <mode>', 'unique: the same ids in each packet; random: others')
        .choices(['unique', 'random'])
        .default('unique'),
    )
    .option('--inc-payload <bytes>', 'added to the payload of each packet', BYTES)
    .option('--ttl <hops>', 'of IP', integer(0, 255), 64)
    // As other releases of the reference and earlier ones of ours spell them.
    .addOption(new Option('--srcIP <address>').hideHelp())
    .addOption(new Option('--dstIP <address>').hideHelp())
    .addOption(new Option('--srcMAC <mac>').hideHelp())
    .addOption(new Option('--dstMAC <mac>').hideHelp())
    .addOption(new Option('--srcPort <port>').argParser(PORT).hideHelp())
    .addOption(new Option('--dstPort <port>').argParser(PORT).hideHelp())
    .addOption(new Option('--increment <bytes>').argParser(BYTES).hideHelp())
    .action(async (options: InjectionOptions, self: Command) => {
      printJson(
        await analyzerOf(self).ask(
          'POST /api/injectpacket',
          { body: bodyOf(options) },
          ttlHeader(options.interval * options.count + STAYS_MS),
        ),
      );
    });
  return command;
}

function bodyOf(options: InjectionOptions): PacketInjectionRequest {
  return given({
    Src: options.src,
    Dst: options.dst,
    SrcIP: options.srcIp ?? options.srcIP,
    DstIP: options.dstIp ?? options.dstIP,
    SrcMAC: options.srcMac ?? options.srcMAC,
    DstMAC: options.dstMac ?? options.dstMAC,
    SrcPort: options.srcPort ?? 0,
    DstPort: options.dstPort ?? 0,
    Type: options.type,
    Payload: options.payload,
    Pcap: options.pcap === undefined ? undefined : readPcap(options.pcap),
    ICMPID: options.id,
    Count: options.count,
    Interval: options.interval,
    Mode: options.mode,
    IncrementPayload: options.incPayload ?? options.increment ?? 0,
    TTL: options.ttl,
  });
}

function readPcap(file: string): string {
  try {
    return readFileSync(file).toString('base64');
  } catch (error) {
    throw usageError(`--pcap: ${messageOf(error)}`);
  }
}
