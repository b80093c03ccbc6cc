/**
 * A probe put together: topology, the two links to the analyzer, and the captures between them. Each part knows only
 * what is handed to it here.
 */
import { randomUUID } from 'node:crypto';
import { missingCapabilities, type MissingCapability } from './capabilities.ts';
import { ANY_TYPE } from './capture/capture-plan.ts';
import { ExporterSource } from './capture/exporter/exporter-source.ts';
import { CaptureManager } from './capture/manager.ts';
import { OVS_TYPES } from './capture/ovs/ovs-target.ts';
import { OvsSource } from './capture/ovs/ovs-source.ts';
import { OwnTraffic } from './capture/own-traffic.ts';
import { packetSources, type PacketSourcesOptions } from './capture/packet-sources.ts';
import type { ProbeConfig } from './config.ts';
import { IpfixExporter } from './export/ipfix-exporter.ts';
import { Injector } from './injection/injector.ts';
import type { ProbeIdentity } from './link/analyzer-socket.ts';
import { FlowLink } from './link/flow-link.ts';
import { KeptOutbox } from './link/kept-outbox.ts';
import { TopologyLink } from './link/topology-link.ts';
import { createLog, type Log } from './log.ts';
import { StatusReporter } from './status-reporter.ts';
import { createTopologyProbe, type TopologyProbe } from './topology/topology.ts';
import { probeVersion } from './version.ts';

export interface Probe {
  /** Ends captures, waits up to a second until their last flows are durable, says goodbye. */
  stop(reason: string): Promise<void>;
}

/** How long the last flows may take to become durable at the analyzer. */
const DRAIN_MS_MAX = 1_000;

/** Of this run: another one is another incarnation. */
function identityOf({ hostId, token, transport }: ProbeConfig): ProbeIdentity {
  return { hostId, token, transport, incarnation: randomUUID(), version: probeVersion() };
}

export async function startProbe(config: ProbeConfig): Promise<Probe> {
  const log = createLog('probe');
  const identity = identityOf(config);
  const analyzer = config.analyzer.origin;
  const missing = tellStart(log, identity, analyzer);

  const topologyLog = createLog('topology');
  const topology = topologyOf(config, topologyLog);
  const ownTraffic = new OwnTraffic(config.analyzer, ...collectorUrls(config));

  const kept = new KeptOutbox({ folder: config.outbox, analyzer, identity, log });
  const flowLink = new FlowLink({
    analyzer,
    identity,
    log: createLog('flows'),
    outbox: kept.outbox,
    flush: () => manager.flush(),
    onPace: (pace) => manager.setPace(pace),
  });
  const { ipfix, feeding } = feedingOf(config, flowLink);
  const { sources, packets, ovs } = captureSources(config, topology, feeding);
  const manager = new CaptureManager({
    topology,
    sources,
    exclusion: () => ownTraffic.exclusion,
    log: feeding.log,
  });
  const topologyLink = new TopologyLink({
    analyzer,
    identity,
    graph: topology.graph,
    log: topologyLog,
    onCaptures: (orders) => void ownTraffic.known().then(() => manager.apply(orders)),
    onInjection: (order) => injector.start(order),
    onInjectionStop: (uuids) => injector.stop(uuids),
    onConnected: () => {
      injector.reconnected();
      reporter.reconnected();
    },
  });
  const injector = new Injector({
    topology,
    report: (report) => topologyLink.sendInjection(report),
    log: createLog('injection'),
  });
  const startedAt = Date.now();
  const reporter = new StatusReporter({
    send: (json) => topologyLink.sendStatus(json),
    gather: () => ({
      version: identity.version,
      incarnation: identity.incarnation,
      startedAt,
      missing,
      topology: topology.status(),
      captures: manager.status(),
      injections: injector.status(),
      links: { topology: topologyLink.status, flow: flowLink.status },
      ...(ipfix !== undefined && { ipfix: ipfix.status }),
    }),
  });

  topology.onChanges((events) => {
    topologyLink.changed(events);
    manager.topologyChanged(events);
  });
  await topology.start();
  void packets.warmUp();
  ovs?.tidy();
  topologyLink.start();
  kept.start(flowLink);
  reporter.start();

  return {
    async stop(reason) {
      log.info(`ending: ${reason}`);
      reporter.stop();
      injector.close();
      await manager.stop();
      await Promise.all([stopFlows(flowLink, kept, reason, log), ipfix?.stop()]);
      await topologyLink.stop(reason);
      topology.stop();
    },
  };
}

/** UDP's own scheme is none of the web's: the address counts. */
function collectorUrls({ ipfix }: ProbeConfig): URL[] {
  if (ipfix === undefined) return [];
  const host = ipfix.host.includes(':') ? `[${ipfix.host}]` : ipfix.host;
  return [new URL(`udp://${host}:${ipfix.port}`)];
}

/** What captures need to tell their flows: to the analyzer, and to a collector beside it. */
function feedingOf(
  { ipfix: settings }: ProbeConfig,
  flowLink: FlowLink,
): { readonly ipfix: IpfixExporter | undefined; readonly feeding: PacketSourcesOptions } {
  const ipfix = settings && new IpfixExporter(settings, createLog('ipfix'));
  const sink = ipfix?.beside(flowLink) ?? flowLink;
  return { ipfix, feeding: { sink, pace: flowLink.pace, log: createLog('capture') } };
}

function topologyOf({ hostId, sources }: ProbeConfig, log: Log): TopologyProbe {
  const tell = (line: string) => log.info(line.replace(/^topology: /, ''));
  return createTopologyProbe({ hostId, sources, log: tell });
}

/** Every way of capturing that this host has, by type; those of Open vSwitch where it is followed. */
function captureSources(config: ProbeConfig, topology: TopologyProbe, feeding: PacketSourcesOptions) {
  const packets = packetSources(feeding);
  const exporters = new ExporterSource(feeding);
  const sources = new Map([...packets.sources, ['sflow', exporters], ['netflow', exporters]]);
  const place = config.sources.get('ovsdb')?.places[0];
  if (place === undefined) return { sources, packets };
  const ovs = new OvsSource({
    place,
    hostId: config.hostId,
    packets: packets.sources.get(ANY_TYPE)!,
    exporters,
    devicesNamed: (name) => topology.interfacesNamed(name),
    log: feeding.log,
  });
  for (const type of OVS_TYPES) sources.set(type, ovs);
  return { sources, packets, ovs };
}

function tellStart(
  log: Log,
  { hostId, version }: ProbeIdentity,
  analyzer: string,
): readonly MissingCapability[] {
  log.info(`host ${hostId}, analyzer ${analyzer}, version ${version}`);
  const missing = missingCapabilities();
  for (const { what, consequence } of missing) log.warn(`missing: ${what}: ${consequence}`);
  return missing;
}

async function stopFlows(flowLink: FlowLink, kept: KeptOutbox, reason: string, log: Log): Promise<void> {
  await flowLink.stop(reason, DRAIN_MS_MAX);
  const { queuedBytes, spooledBytes } = flowLink.status;
  kept.end();
  if (queuedBytes > 0)
    log.warn(
      `${queuedBytes} bytes of flows could not be delivered${spooledBytes > 0 ? '; they are kept for the next run' : ''}`,
    );
}
