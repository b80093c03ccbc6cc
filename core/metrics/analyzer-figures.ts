/**
 * What the analyzer's objects say of themselves in `GET /api/status`, as metrics. Figures that people build panels and
 * alarms on have names of their own; every counter of every object follows as `edgedive_<object>_<counter>_total`,
 * so that none can be forgotten.
 */
import { snakeCase, type Family, type Labels, type Sample } from './exposition.ts';
import { histogramSamples, type HistogramState } from './histogram.ts';
import { probeFamilies, type ProbeFigures } from './probe-figures.ts';

interface Failed {
  readonly error: string;
}

interface HistoryFigures {
  readonly rows: number;
  readonly bytes: number;
}

type CounterFigures = Readonly<Record<string, number>>;

export interface TopologyFigures {
  readonly probes: readonly ProbeFigures[];
  readonly vanished: readonly unknown[];
  readonly nodes: number;
  readonly edges: number;
  readonly clients: readonly { readonly role: string; readonly protocol: string }[];
  readonly captures: number;
  readonly storedBytes: number;
  readonly history: HistoryFigures;
  readonly queryTimes: HistogramState;
  readonly counters: CounterFigures;
}

export interface ShardFigures {
  readonly probes: readonly unknown[];
  readonly liveFlows: number;
  readonly slowDown: { readonly stage: number };
  readonly liveBytes: number;
  readonly storedBytes: number;
  readonly history: HistoryFigures;
  readonly hubs: readonly { readonly backlogBytes: number }[];
  /** Capture → host → what its probe counted last. */
  readonly stats: Readonly<Record<string, Readonly<Record<string, CaptureFigures>>>>;
  readonly counters: CounterFigures;
}

interface CaptureFigures {
  readonly PacketsReceived: number;
  readonly PacketsDropped: number;
  readonly FlowCount: number;
  readonly FlowDropped: number;
  readonly KernelFlowDropped: number;
}

export interface HubFigures {
  readonly subscribers: readonly { readonly protocol: string }[];
  readonly counters: CounterFigures;
}

export interface RegistryFigures {
  readonly resources: CounterFigures;
  readonly counters: CounterFigures;
}

export interface AnalyzerFigures {
  readonly version: string;
  readonly topology: TopologyFigures | Failed;
  readonly shards: readonly (ShardFigures | Failed)[];
  readonly hubs: readonly (HubFigures | Failed)[];
  readonly registry: RegistryFigures | Failed;
}

/** In the order in which they are shown. */
export function analyzerFamilies({ version, topology, shards, hubs, registry }: AnalyzerFigures): Family[] {
  const of = { topology: [topology], flow_shard: shards, flow_hub: hubs, registry: [registry] } as const;
  return [
    gauge('edgedive_info', 'Which version answers', [{ labels: { version }, value: 1 }]),
    gauge(
      'edgedive_object_up',
      'Whether an object answered when it was asked for its figures',
      Object.entries(of).flatMap(([object, all]) =>
        all.map((one, index) => ({ labels: { object, index: String(index) }, value: isFailed(one) ? 0 : 1 })),
      ),
    ),
    ...(isFailed(topology) ? [] : topologyFamilies(topology)),
    ...shardFamilies(answered(shards)),
    ...hubFamilies(answered(hubs)),
    ...(isFailed(registry) ? [] : registryFamilies(registry)),
  ];
}

function topologyFamilies(topology: TopologyFigures): Family[] {
  const { clients, history } = topology;
  return [
    gauge('edgedive_nodes', 'Nodes of the live graph', [{ value: topology.nodes }]),
    gauge('edgedive_edges', 'Edges of the live graph', [{ value: topology.edges }]),
    gauge('edgedive_probes', 'Probes that are connected', [{ value: topology.probes.length }]),
    gauge('edgedive_probes_vanished', 'Probes that went away and whose graph is still kept', [
      { value: topology.vanished.length },
    ]),
    gauge('edgedive_captures', 'Captures that are wanted', [{ value: topology.captures }]),
    gauge(
      'edgedive_graph_clients',
      'Connected subscribers and publishers of the graph',
      counted(clients, ({ role, protocol }) => ({ role, protocol })),
    ),
    gauge('edgedive_topology_stored_bytes', 'What the graph and its past take on disk', [
      { value: topology.storedBytes },
    ]),
    gauge('edgedive_topology_history_bytes', 'What is kept of the past of the graph', [
      { value: history.bytes },
    ]),
    {
      name: 'edgedive_query_duration_seconds',
      help: 'How long Gremlin queries took',
      type: 'histogram',
      samples: histogramSamples(topology.queryTimes, {}),
    },
    ...counterFamilies('topology', [{ labels: {}, counters: topology.counters }]),
    ...probeFamilies(topology.probes),
  ];
}

type Indexed<Figures> = readonly { readonly index: string; readonly of: Figures }[];

function shardFamilies(shards: Indexed<ShardFigures>): Family[] {
  const each = (name: string, help: string, value: (shard: ShardFigures) => number): Family =>
    gauge(
      name,
      help,
      shards.map(({ index, of }) => ({ labels: { shard: index }, value: value(of) })),
    );
  const captures = shards.flatMap(({ of }) =>
    Object.entries(of.stats).flatMap(([capture, byHost]) =>
      Object.entries(byHost).map(([host, figures]) => ({ labels: { capture, host }, figures })),
    ),
  );
  const ofCaptures = (name: string, help: string, value: (figures: CaptureFigures) => number): Family => ({
    name,
    help,
    type: 'counter',
    samples: captures.map(({ labels, figures }) => ({ labels, value: value(figures) })),
  });
  return [
    each('edgedive_flows_live', 'Flows in the live tables', ({ liveFlows }) => liveFlows),
    each(
      'edgedive_slow_down_stage',
      'What probes are asked to leave out: 0 nothing',
      ({ slowDown }) => slowDown.stage,
    ),
    each('edgedive_flows_live_bytes', 'Memory that live flows take', ({ liveBytes }) => liveBytes),
    each('edgedive_flow_stored_bytes', 'What flows take on disk', ({ storedBytes }) => storedBytes),
    each('edgedive_flow_history_bytes', 'What is kept of flows of the past', ({ history }) => history.bytes),
    each('edgedive_flow_probes', 'Probes that send flows to this shard', ({ probes }) => probes.length),
    each('edgedive_hub_backlog_bytes', 'What waits for a hub', ({ hubs }) =>
      hubs.reduce((sum, { backlogBytes }) => sum + backlogBytes, 0),
    ),
    ofCaptures(
      'edgedive_capture_packets_received_total',
      'Packets that a capture saw',
      ({ PacketsReceived }) => PacketsReceived,
    ),
    ofCaptures(
      'edgedive_capture_packets_dropped_total',
      'Packets that the kernel dropped before a capture saw them',
      ({ PacketsDropped }) => PacketsDropped,
    ),
    ofCaptures(
      'edgedive_capture_flows_dropped_total',
      'Flows that a capture’s table had no place for',
      ({ FlowDropped }) => FlowDropped,
    ),
    ...counterFamilies(
      'flow_shard',
      shards.map(({ index, of: { counters } }) => ({ labels: { shard: index }, counters })),
    ),
  ];
}

function hubFamilies(hubs: Indexed<HubFigures>): Family[] {
  return [
    gauge(
      'edgedive_flow_subscribers',
      'Connected subscribers of flows',
      hubs.flatMap(({ index, of }) => counted(of.subscribers, ({ protocol }) => ({ hub: index, protocol }))),
    ),
    ...counterFamilies(
      'flow_hub',
      hubs.map(({ index, of: { counters } }) => ({ labels: { hub: index }, counters })),
    ),
  ];
}

function registryFamilies({ resources, counters }: RegistryFigures): Family[] {
  return [
    gauge(
      'edgedive_resources',
      'Captures, rules and other things that were asked for and are kept',
      Object.entries(resources).map(([kind, value]) => ({ labels: { kind }, value })),
    ),
    ...counterFamilies('registry', [{ labels: {}, counters }]),
  ];
}

interface Counted {
  readonly labels: Labels;
  readonly counters: CounterFigures;
}

function counterFamilies(object: string, all: readonly Counted[]): Family[] {
  const names = new Set(all.flatMap(({ counters }) => Object.keys(counters)));
  return [...names].map((name) => ({
    name: `edgedive_${object}_${snakeCase(name)}_total`,
    help: `${name} in GET /api/status`,
    type: 'counter' as const,
    samples: all.flatMap(({ labels, counters }) => {
      const value = counters[name];
      return value === undefined ? [] : [{ labels, value }];
    }),
  }));
}

/** How many there are of each kind of label. */
function counted<Thing>(things: readonly Thing[], labelsOf: (thing: Thing) => Labels): Sample[] {
  const sums = new Map<string, { labels: Labels; value: number }>();
  for (const thing of things) {
    const labels = labelsOf(thing);
    const key = JSON.stringify(labels);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { labels, value: 1 });
    else sum.value++;
  }
  return [...sums.values()];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples };
}

function isFailed(answer: object): answer is Failed {
  return 'error' in answer;
}

function answered<Figures extends object>(all: readonly (Figures | Failed)[]): Indexed<Figures> {
  return all.flatMap((one, index) => (isFailed(one) ? [] : [{ index: String(index), of: one }]));
}
