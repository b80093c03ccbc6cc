/**
 * `/api/pcap`: a capture file becomes flows here, by the engine that probes run, and a FlowShard keeps them (REST
 * section 13 and 16 of the reference notes; the reference throws them away). The file is never in memory as a whole;
 * the answer comes when all of it is stored.
 */
import { z } from '@hono/zod-openapi';
import {
  FileFlows,
  keepsExtras,
  type FileCounts,
  type FileFlowsOptions,
} from '../../core/capture/file-flows.ts';
import { readCapture } from '../../core/capture/validate.ts';
import { limits } from '../../core/limits.ts';
import { PcapError } from '../../core/packet/pcap-file.ts';
import { BatchEncoder, NOTHING_LEFT_OUT } from '../../core/wire/batch-encoder.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import { Writer } from '../../proto/gen/runtime.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { shardForFiles } from '../objects/stubs.ts';
import { checkLength, piecesOf, UnpackError } from './pcap-body.ts';
import { inTurn } from './pcap-turns.ts';
import { asMalformed, jsonAnswer, mount, refusals } from './rest.ts';

const NUMBERS = ['RawPacketLimit', 'ExtraLayers'];
const SWITCHES = ['ExtraTCPMetric', 'IPDefrag', 'ReassembleTCP'];
const MEMBERS = ['LayerKeyMode', ...NUMBERS, ...SWITCHES];
const LINK_TYPE_MAX = 65_535;

const switchSchema = z.enum(['true', 'false', '1', '0', '']).optional();
const querySchema = z.object({
  LayerKeyMode: z.enum(['L2', 'L3']).optional().openapi({ description: 'L2 when absent' }),
  RawPacketLimit: z.int().min(0).max(10).optional().openapi({ description: 'Packets kept of each flow' }),
  ExtraLayers: z.int().min(0).max(255).optional().openapi({
    description: 'Sum of 1 (VRRP), 2 (DNS), 4 (DHCPv4); 255 = all',
  }),
  ExtraTCPMetric: switchSchema,
  IPDefrag: switchSchema,
  ReassembleTCP: switchSchema,
  LinkType: z.int().min(0).max(LINK_TYPE_MAX).optional().openapi({
    description: 'What packets begin with, where the file says it wrongly',
  }),
});
const countsSchema = z
  .object({
    packets: z.int(),
    packetsIgnored: z.int().openapi({ description: 'Belong to no flow' }),
    bytes: z.int().openapi({ description: 'Of the file, unpacked' }),
    flows: z.int(),
    flowsEvicted: z.int().openapi({ description: 'Flows that were stored early to make room' }),
    truncated: z.boolean(),
    note: z.string().openapi({ description: 'Why the rest was not read' }),
  })
  .openapi('PcapCounts');

const FRAME_FLOWS = (4 << 3) | 2;

const SWITCH_VALUES: ReadonlyMap<string, boolean> = new Map([
  ['', true],
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);

/** A parameter's text as a client would write the member of a capture in JSON. */
function memberOf(name: string, text: string): unknown {
  if (SWITCHES.includes(name)) return SWITCH_VALUES.get(text) ?? text;
  return NUMBERS.includes(name) && /^-?\d+$/.test(text) ? Number(text) : text;
}

/** What the query parameters ask for, by the rules for captures. Throws ApiError 400. */
function optionsOf(c: AppContext): FileFlowsOptions {
  // A capture needs a query; ours is any that is right.
  const members: Record<string, unknown> = { GremlinQuery: 'G.V()' };
  let linkType: number | undefined;
  for (const [parameter, text] of Object.entries(c.req.query())) {
    const name = MEMBERS.find((member) => member.toLowerCase() === parameter.toLowerCase());
    if (name !== undefined) members[name] = memberOf(name, text);
    if (parameter.toLowerCase() !== 'linktype') continue;
    linkType = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(linkType <= LINK_TYPE_MAX))
      throw new ApiError('invalidResource', `LinkType: A valid link type is >= 0 && <= ${LINK_TYPE_MAX}`);
  }
  const read = asMalformed(() => readCapture(members));
  if ('errors' in read) throw new ApiError('invalidResource', read.errors.join('\n'));
  const { capture } = read;
  return {
    layerKeyMode: capture.LayerKeyMode === 'L3' ? 'L3' : 'L2',
    extraTcpMetric: capture.ExtraTCPMetric,
    ipDefrag: capture.IPDefrag,
    reassembleTcp: capture.ReassembleTCP,
    extraLayers: capture.ExtraLayers,
    rawPacketLimit: capture.RawPacketLimit,
    linkType,
    hashSeed: crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1,
  };
}

/** Collects flows into batches and hands full ones to the shard, each when the one before is durable. */
class Shipment {
  readonly #shard: ReturnType<typeof shardForFiles>;
  readonly #frames: Uint8Array[] = [];
  readonly #encoder = new BatchEncoder(({ bytes }) =>
    // A message inside a message has the form of bytes.
    this.#frames.push(Writer.create().uint32(FRAME_FLOWS).bytes(bytes).finish()),
  );

  constructor(shard: ReturnType<typeof shardForFiles>) {
    this.#shard = shard;
  }

  /** The flows are taken one by one, so that not all need be there at once. */
  async add(flows: Iterable<Flow>): Promise<void> {
    for (const flow of flows) {
      this.#encoder.add([flow], [], NOTHING_LEFT_OUT);
      if (this.#frames.length > 0) await this.#send();
    }
  }

  async finish(): Promise<void> {
    this.#encoder.finish();
    await this.#send();
  }

  async #send(): Promise<void> {
    for (const frame of this.#frames.splice(0)) await this.#shard.import(frame);
  }
}

/** Throws ApiError 400 when the head is none of a capture file, 413 when it is too large. */
async function read(c: AppContext, options: FileFlowsOptions): Promise<FileCounts> {
  const shard = shardForFiles(c.env);
  return inTurn(async (turn) => {
    const flowsMax = keepsExtras(options) ? limits.pcapFlowsWithExtrasMax : limits.pcapFlowsMax;
    const file = new FileFlows(options, flowsMax);
    const shipment = new Shipment(shard);
    try {
      for await (const piece of c.req.raw.body === null ? [] : piecesOf(c.req.raw.body)) {
        turn.renewedMs = Date.now();
        const leaving = file.push(piece);
        if (leaving.length > 0) await shipment.add(leaving);
        if (file.isBroken) break;
      }
    } catch (error) {
      if (!(error instanceof UnpackError)) throw error;
      file.cut(error.message);
    }
    await shipment.add(file.end());
    await shipment.finish();
    const { counts } = file;
    await shard.imported(counts);
    return counts;
  });
}

async function inject(c: AppContext): Promise<Response> {
  checkLength(c.req.header('Content-Length'));
  try {
    return jsonAnswer(c, await read(c, optionsOf(c)), 202);
  } catch (error) {
    if (error instanceof PcapError) throw new ApiError('malformedBody', error.message);
    throw error;
  }
}

export function mountPcap(app: App): void {
  mount(
    app,
    {
      needs: { object: 'pcap', action: 'write' },
      method: 'post',
      path: '/api/pcap',
      operationId: 'injectPCAP',
      tags: ['PCAP'],
      summary: 'Make flows of a capture file',
      description:
        'pcap or pcapng, also gzip. The flows are kept like those of a probe and sent to subscribers; sending the file again replaces them.',
      request: {
        query: querySchema,
        body: {
          content: {
            'application/vnd.tcpdump.pcap': { schema: z.string().openapi({ format: 'binary' }) },
            'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) },
          },
        },
      },
      responses: {
        202: {
          description: 'The flows are stored. A file that cannot be read to its end says so in note',
          content: { 'application/json': { schema: countsSchema } },
        },
        ...refusals(400, 413),
      },
    },
    inject,
  );
}
