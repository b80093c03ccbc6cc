/**
 * `/api/injectpacket`: packets that a node is to send. Topology plans them on the graph, the Registry keeps them, then
 * the probes are told, once. How far they have come is told by GET.
 */
import { z } from '@hono/zod-openapi';
import { INJECTION_MODES, INJECTION_TYPES, type Injection } from '../../core/injection/injection.ts';
import { progressOf } from '../../core/injection/progress.ts';
import { readInjection } from '../../core/injection/validate.ts';
import { limits } from '../../core/limits.ts';
import { injectionToJson } from '../../core/wire/injection-json.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import { tasksOf } from '../objects/injection-orders.ts';
import { resourcesOf, topologyOf } from '../objects/stubs.ts';
import { mountResource } from './resource.ts';

const port = z.int().min(0).max(0xffff);
const members = {
  Src: z.string().openapi({
    description: 'Gremlin: each node that it selects sends',
    example: "G.V().Has('Name', 'eth0')",
  }),
  Dst: z.string().openapi({ description: 'Gremlin: the first node that it selects is sent to' }),
  SrcIP: z.string().openapi({ description: "The node's own address when empty" }),
  DstIP: z.string(),
  SrcMAC: z.string(),
  DstMAC: z.string().openapi({ description: "When empty, by the node's routes and neighbours" }),
  SrcPort: port,
  DstPort: port.openapi({ description: 'TCP: 0 = any from 1024' }),
  Type: z.enum(INJECTION_TYPES),
  Payload: z.string().openapi({ description: '56 letters when empty' }),
  ICMPID: port,
  Count: z.int().min(0).max(limits.injectionPacketsMax).openapi({ description: 'Packets; 0 = 1' }),
  Interval: z.int().min(0).openapi({ description: 'ms between two packets' }),
  Mode: z.enum(INJECTION_MODES).openapi({
    description: 'unique: one ICMPID or SrcPort for each node; random: another one for each packet',
  }),
  IncrementPayload: z.int().min(0).openapi({ description: 'Bytes that the payload grows by each time' }),
  StartTime: z.string().openapi({ format: 'date-time', description: 'Only kept' }),
  Pcap: z.string().nullable().openapi({
    format: 'byte',
    description: 'A capture file (pcap, pcapng) whose packets are sent instead',
  }),
  TTL: z.int().min(0).max(0xff).openapi({ description: 'Of the packets; 0 = 64' }),
};

const injectionSchema = z
  .object({
    ...members,
    UUID: z.uuid(),
    State: z.enum(['pending', 'active', 'done', 'error']).optional(),
    PacketCount: z.int().min(0).optional().openapi({ description: 'Sent by now, by all nodes' }),
    Error: z.string().optional().openapi({ description: 'A line for each node that failed' }),
  })
  .openapi('PacketInjection');

const injectionRequest = z
  .object({ ...z.object(members).partial().shape, Type: members.Type, Src: members.Src })
  .openapi('PacketInjectionRequest');

const shown = (injection: Injection) => injectionToJson(injection, progressOf(injection, Date.now()));

export function mountInjectpacket(app: App): void {
  mountResource(app, {
    name: 'injectpacket',
    title: 'Injectpacket',
    tag: 'Injections',
    schema: injectionSchema,
    request: injectionRequest,
    list: async (env) => {
      const injections = await resourcesOf(env, 'injectpacket').list();
      return Object.fromEntries(injections.map((injection) => [injection.UUID, shown(injection)]));
    },
    get: async (env, id) => {
      const injection = await resourcesOf(env, 'injectpacket').get(id);
      return injection && shown(injection);
    },
    create: async (env, input, ttlMs) => {
      const read = readInjection(input);
      if ('errors' in read) throw new ApiError('invalidResource', read.errors.join('\n'));
      const { injection } = read;
      const uuid = crypto.randomUUID();
      const topology = topologyOf(env);
      const planned = await topology.planInjection(uuid, injection);
      if (!planned.ok) throw new ApiError('invalidResource', planned.text);
      const kept = { ...injection, Tasks: tasksOf(planned, injection, Date.now()) };
      const created = await resourcesOf(env, 'injectpacket').create(kept, { ttlMs: ttlMs(), uuid });
      await topology.startInjection(planned, injection);
      return injectionToJson(created);
    },
    remove: async (env, id) => resourcesOf(env, 'injectpacket').delete(id),
  });
}
