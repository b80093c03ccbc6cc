/**
 * `/api/capture`: what to capture where. Kept by the Registry, which tells the Topology object; there the query picks
 * the nodes and the probes are told. Count is how many nodes carry it now.
 */
import { z } from '@hono/zod-openapi';
import { CAPTURE_TYPES_TAKEN, LAYER_KEY_MODES, TARGET_TYPES } from '../../core/capture/capture-types.ts';
import { duplicateKey, readCapture } from '../../core/capture/validate.ts';
import { captureToJson } from '../../core/wire/capture-json.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import { resourcesOf, topologyOf } from '../objects/stubs.ts';
import { mountResource } from './resource.ts';

const members = {
  GremlinQuery: z.string().openapi({
    description: 'Nodes that it selects are captured, now and later',
    example: "G.V().Has('Name', 'eth0')",
  }),
  BPFFilter: z.string().optional().openapi({ description: 'pcap-filter(7) expression', example: 'port 80' }),
  Name: z.string().optional(),
  Description: z.string().optional(),
  Type: z
    .enum(['', ...CAPTURE_TYPES_TAKEN])
    .optional()
    .openapi({ description: 'Empty: by the type of each node' }),
  Port: z.int().min(0).max(65_535).optional().openapi({
    description: 'Port that an exporter is listened to on: sflow 6343, netflow 2055 when absent',
  }),
  RawPacketLimit: z.int().min(0).max(10).optional().openapi({ description: 'Packets kept of each flow' }),
  HeaderSize: z.int().min(0).max(4096).optional().openapi({
    description: 'Bytes of each packet that are looked at; 0 = default, else at least 14',
  }),
  LayerKeyMode: z.enum(LAYER_KEY_MODES).optional().openapi({ description: 'L2 when absent' }),
  ExtraLayers: z.int().min(0).max(255).optional().openapi({
    description: 'Sum of 1 (VRRP), 2 (DNS), 4 (DHCPv4); 255 = all',
  }),
  Target: z.string().optional().openapi({ description: 'host:port that flows or packets are sent to' }),
  TargetType: z.enum(['', ...TARGET_TYPES]).optional(),
};
const numbers = {
  SamplingRate: z.int().min(0).max(0xffff_ffff),
  PollingInterval: z.int().min(0).max(0xffff_ffff),
};
const switches = { ExtraTCPMetric: z.boolean(), IPDefrag: z.boolean(), ReassembleTCP: z.boolean() };

const captureSchema = z
  .object({
    ...members,
    ...numbers,
    ...switches,
    UUID: z.uuid(),
    Count: z.int().min(0).openapi({ description: 'Nodes on which it is active now' }),
  })
  .openapi('Capture');

const captureRequest = z
  .object({
    ...members,
    ...z.object({ ...numbers, ...switches }).partial().shape,
  })
  .openapi('CaptureRequest');

async function counts(env: Env): Promise<Record<string, number>> {
  return topologyOf(env).captureCounts();
}

export function mountCapture(app: App): void {
  mountResource(app, {
    name: 'capture',
    title: 'Capture',
    tag: 'Captures',
    schema: captureSchema,
    request: captureRequest,
    list: async (env) => {
      const captures = await resourcesOf(env, 'capture').list();
      const active = captures.length === 0 ? {} : await counts(env);
      return Object.fromEntries(
        captures.map((capture) => [capture.UUID, captureToJson(capture, active[capture.UUID] ?? 0)]),
      );
    },
    get: async (env, id) => {
      const capture = await resourcesOf(env, 'capture').get(id);
      return capture && captureToJson(capture, (await counts(env))[id] ?? 0);
    },
    create: async (env, input, ttlMs) => {
      const read = readCapture(input);
      if ('errors' in read) throw new ApiError('invalidResource', read.errors.join('\n'));
      const options = { duplicateKey: duplicateKey(read.capture), ttlMs: ttlMs() };
      return captureToJson(
        await resourcesOf(env, 'capture').create({ ...read.capture, Count: 0 }, options),
        0,
      );
    },
    remove: async (env, id) => resourcesOf(env, 'capture').delete(id),
  });
}
