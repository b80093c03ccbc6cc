/** `edgedive capture create|list|get|delete`. */
import { Command, Option } from 'commander';
import type { CaptureRequest } from '../../core/api/operations.ts';
import { CAPTURE_TYPES_TAKEN, EXTRA_LAYERS, TARGET_TYPES } from '../../core/capture/capture-types.ts';
import { readCapture } from '../../core/capture/validate.ts';
import { usageError } from '../errors.ts';
import { printJson } from '../output.ts';
import { analyzerOf, gathered, given, integer, ttlHeader, UINT32_MAX } from './common.ts';
import { resourceCommand } from './resource.ts';

/** Bits of ExtraLayers by the names that the reference's client takes. */
const EXTRA_LAYER_BITS: Readonly<Record<string, number>> = { ...EXTRA_LAYERS, ALL: 255 };

/** The API's bound. */
const RAW_PACKETS_MAX = 10;

interface CaptureOptions {
  readonly gremlin?: string;
  readonly node?: string;
  readonly bpf?: string;
  readonly name?: string;
  readonly description?: string;
  readonly type?: CaptureRequest['Type'];
  readonly port?: number;
  readonly samplingrate: number;
  readonly pollinginterval: number;
  readonly headerSize?: number;
  readonly rawpacketLimit?: number;
  readonly extraTcpMetric?: boolean;
  readonly ipDefrag?: boolean;
  readonly reassembleTcp?: boolean;
  readonly reassambleTcp?: boolean;
  readonly layerKeyMode?: CaptureRequest['LayerKeyMode'];
  readonly extraLayer?: readonly string[];
  readonly target?: string;
  readonly targetType?: CaptureRequest['TargetType'];
  readonly ttl?: number;
}

export function captureCommand(): Command {
  const command = resourceCommand({
    name: 'capture',
    path: 'capture',
    description: 'what is captured where',
  });
  command
    .command('create')
    .description('capture on every node that a query selects, now and later')
    .option('--gremlin <query>', 'which nodes')
    .option('--node <tid>', 'the node with this TID')
    .option('--bpf <filter>', 'which packets: pcap-filter(7)')
    .option('--name <name>')
    .option('--description <text>')
    .addOption(
      new Option('--type <type>', 'how; by the type of each node when not given').choices(
        CAPTURE_TYPES_TAKEN,
      ),
    )
    .option('--port <port>', 'that exporters send to', integer(0, 65_535))
    .option('--samplingrate <n>', 'one packet of so many (sFlow)', integer(0, UINT32_MAX), 1)
    .option('--pollinginterval <seconds>', 'of counters (sFlow)', integer(0, UINT32_MAX), 10)
    .option('--header-size <bytes>', 'of each packet', integer(0, 4_096))
    .option(
      '--rawpacket-limit <n>',
      `packets kept of each flow, at most ${RAW_PACKETS_MAX}; -1 for as many as may be`,
      integer(-1, RAW_PACKETS_MAX),
    )
    .option('--extra-tcp-metric', 'retransmissions, windows and the like')
    .option('--ip-defrag', 'put fragments together')
    .option('--reassemble-tcp', 'put streams together')
    .addOption(new Option('--reassamble-tcp', 'as the reference spells it').hideHelp())
    .addOption(new Option('--layer-key-mode <mode>', 'what makes a flow').choices(['L2', 'L3']))
    .option(
      '--extra-layer <name>',
      `further layers: ${Object.keys(EXTRA_LAYER_BITS).join(', ')}; repeatable`,
      gathered,
    )
    .option('--target <host:port>', 'where flows or packets are sent to')
    .addOption(new Option('--target-type <type>').choices(TARGET_TYPES))
    .option('--ttl <ms>', 'ends by itself after so many milliseconds', integer(0, Number.MAX_SAFE_INTEGER))
    .action(async (options: CaptureOptions, self: Command) => {
      const body = bodyOf(options);
      // Said here already, with all that is wrong, before anything is sent.
      const checked = readCapture(body);
      if ('errors' in checked) throw usageError(checked.errors.join('\n'));
      printJson(await analyzerOf(self).ask('POST /api/capture', { body }, ttlHeader(options.ttl)));
    });
  return command;
}

function bodyOf(options: CaptureOptions): CaptureRequest {
  const members = given({
    BPFFilter: options.bpf,
    Name: options.name,
    Description: options.description,
    Type: options.type,
    Port: options.port,
    SamplingRate: options.samplingrate,
    PollingInterval: options.pollinginterval,
    HeaderSize: options.headerSize,
    RawPacketLimit: options.rawpacketLimit === -1 ? RAW_PACKETS_MAX : options.rawpacketLimit,
    ExtraTCPMetric: options.extraTcpMetric,
    IPDefrag: options.ipDefrag,
    ReassembleTCP: options.reassembleTcp ?? options.reassambleTcp,
    LayerKeyMode: options.layerKeyMode,
    ExtraLayers: options.extraLayer === undefined ? undefined : extraLayers(options.extraLayer),
    Target: options.target,
    TargetType: options.targetType,
  });
  return { GremlinQuery: queryOf(options), ...members };
}

function queryOf({ gremlin, node }: CaptureOptions): string {
  if (gremlin !== undefined && node === undefined) return gremlin;
  if (node !== undefined && gremlin === undefined) return `G.V().Has('TID', ${JSON.stringify(node)})`;
  throw usageError('name the nodes by either --gremlin or --node');
}

function extraLayers(names: readonly string[]): number {
  let bits = 0;
  for (const name of names.flatMap((list) => list.split(','))) {
    const known = Object.keys(EXTRA_LAYER_BITS).find((layer) => layer.toLowerCase() === name.toLowerCase());
    if (known === undefined) throw usageError(`Extra layer not supported: ${name}`);
    bits |= EXTRA_LAYER_BITS[known]!;
  }
  return bits;
}
