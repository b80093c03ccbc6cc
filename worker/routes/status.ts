/**
 * `/api/status`: the reference's members, and under `Edgedive` how full every table is and how often every bound was
 * hit. An object that does not answer is named with its error instead of spoiling the whole answer.
 */
import { z } from '@hono/zod-openapi';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { GraphRole } from '../../core/wire/graph-subscription.ts';
import type { App } from '../app.ts';
import { flushCounters } from '../middleware/counters.ts';
import { hubsOf, registryOf, shardsOf, topologyOf } from '../objects/stubs.ts';
import type { TopologyStatus } from '../objects/topology.ts';
import { version } from './info.ts';
import { jsonAnswer, mount } from './rest.ts';

const connectionSchema = z
  .looseObject({
    ServiceType: z.string(),
    ClientProtocol: z.string(),
    Addr: z.string(),
    Port: z.int(),
    IsConnected: z.boolean(),
    ConnectTime: z.string().openapi({ format: 'date-time' }),
    RemoteHost: z.string(),
  })
  .openapi('Connection');
const connections = z.record(z.string(), connectionSchema);
const election = z.object({ IsMaster: z.boolean() });

const statusSchema = z
  .object({
    Agents: connections,
    Peers: z.object({ Incomers: connections, Outgoers: connections }),
    Publishers: connections,
    Subscribers: connections,
    Alerts: election,
    Captures: election,
    Probes: z.record(z.string(), z.object({ Status: z.string() })),
    Edgedive: z.looseObject({ Version: z.string() }).openapi({
      description: 'How full every table is, and how often every bound was hit',
    }),
  })
  .openapi('AnalyzerStatus');

interface Failed {
  readonly error: string;
}

async function orError<T>(asked: Promise<T>): Promise<T | Failed> {
  try {
    return await asked;
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function agentsOf(topology: TopologyStatus | Failed): Record<string, unknown> {
  if ('error' in topology) return {};
  const probes = Object.fromEntries(
    topology.probes.map((probe) => [
      probe.hostId,
      {
        ServiceType: 'agent',
        ClientProtocol: 'protobuf',
        Addr: probe.address,
        // The platform does not tell it.
        Port: 0,
        IsConnected: true,
        ConnectTime: new Date(probe.connectedMs).toISOString(),
        RemoteHost: probe.hostId,
      },
    ]),
  );
  // Skydive's own agents beside ours.
  return { ...probes, ...clientsOf(topology, 'agent') };
}

/** Of one endpoint, as the reference shows connections. */
function clientsOf(topology: TopologyStatus | Failed, role: GraphRole): Record<string, unknown> {
  if ('error' in topology) return {};
  return Object.fromEntries(
    topology.clients
      .filter((client) => client.role === role)
      .map((client) => [
        client.hostId,
        {
          ServiceType: client.clientType,
          ClientProtocol: client.protocol,
          Addr: client.address,
          Port: client.port,
          IsConnected: true,
          ConnectTime: new Date(client.connectedMs).toISOString(),
          RemoteHost: client.hostId,
        },
      ]),
  );
}

/** What a probe tells of itself comes as a text that it made; one that is no JSON is shown as it is. */
function withReport({ status, ...probe }: TopologyStatus['probes'][number]): Record<string, unknown> {
  if (status === '') return { ...probe, status: null };
  try {
    return { ...probe, status: JSON.parse(status) as unknown };
  } catch {
    return { ...probe, status };
  }
}

/** What each object says of itself, or why it does not. */
export async function figuresOf(env: Env) {
  await flushCounters(env);
  const [topology, registry, shards, hubs] = await Promise.all([
    orError<TopologyStatus>(topologyOf(env).status()),
    orError(registryOf(env).status()),
    Promise.all(shardsOf(env).map((shard) => orError(shard.status()))),
    Promise.all(hubsOf(env).map((hub) => orError(hub.status()))),
  ]);
  return { topology, registry, shards, hubs };
}

async function statusOf(env: Env): Promise<unknown> {
  const { topology, registry, shards, hubs } = await figuresOf(env);
  return {
    Agents: agentsOf(topology),
    Peers: { Incomers: {}, Outgoers: {} },
    Publishers: clientsOf(topology, 'publisher'),
    Subscribers: clientsOf(topology, 'subscriber'),
    // There is one analyzer a fabric, so it is always the master.
    Alerts: { IsMaster: true },
    Captures: { IsMaster: true },
    Probes: {},
    Edgedive: {
      Version: version,
      Topology: 'error' in topology ? topology : { ...topology, probes: topology.probes.map(withReport) },
      FlowShards: shards,
      FlowHubs: hubs,
      Registry: registry,
      Limits: limits,
    },
  };
}

export function mountStatus(app: App): void {
  mount(
    app,
    {
      needs: { object: 'status', action: 'read' },
      method: 'get',
      path: '/api/status',
      operationId: 'getStatus',
      tags: ['Status'],
      summary: 'Connections, tables and counters',
      responses: {
        200: { description: 'Status', content: { 'application/json': { schema: statusSchema } } },
      },
    },
    async (c) => jsonAnswer(c, await statusOf(c.env)),
  );
}
