/**
 * Flows from the records of NetFlow and IPFIX exporters: the second way into the flow line, beside `FlowTable`.
 * A record is one direction of a conversation since the exporter's last word about it; here both directions are one
 * flow whose counters add up. The reference halves each record into both directions and lets the next replace it.
 */
import {
  createFlow,
  FlowFinishType,
  FlowProtocol,
  type Flow,
  type FlowMetric,
} from '../../proto/gen/flow.ts';
import { limits, timings } from '../limits.ts';
import { icmpv4TypeOf, icmpv6TypeOf } from '../flow/icmp.ts';
import type { TableOutput } from '../flow/table.ts';
import { isIcmp, type ExportedRecord } from './datagram.ts';
import { idsOfExported } from './exported-ids.ts';

export interface ExportedFlowOptions {
  readonly nodeTid: string;
  readonly captureId: string;
  readonly flowUpdateMs?: number;
  readonly flowExpireMs?: number;
  readonly entriesMax?: number;
}

interface Entry {
  readonly flow: Flow;
  readonly metric: FlowMetric;
  /** Counters and time of the last message about this flow. */
  sent: FlowMetric;
  sentAtMs: number;
  /** When a record about it last arrived; expiry goes by our clock, not the exporter's. */
  heardMs: number;
}

const PROTOCOLS: Readonly<Record<number, { name: string; protocol: FlowProtocol }>> = {
  1: { name: 'ICMPv4', protocol: FlowProtocol.ICMPV4 },
  6: { name: 'TCP', protocol: FlowProtocol.TCP },
  17: { name: 'UDP', protocol: FlowProtocol.UDP },
  58: { name: 'ICMPv6', protocol: FlowProtocol.ICMPV6 },
  132: { name: 'SCTP', protocol: FlowProtocol.SCTP },
};

const noCounters = (start: number): FlowMetric => ({
  ABPackets: 0,
  ABBytes: 0,
  BAPackets: 0,
  BABytes: 0,
  Start: start,
  Last: start,
  RTT: 0,
});

export class ExportedFlowTable {
  readonly #options: Required<ExportedFlowOptions>;
  #updateMs: number;
  /** By tracking id and protocol; a Map keeps the order of insertion and every record moves its flow to the end, so the first is the idlest. */
  readonly #entries = new Map<string, Entry>();
  #evicted: Entry[] = [];
  /** With something to say. */
  readonly #changed = new Set<Entry>();
  readonly counters = { records: 0, packets: 0, bytes: 0, flowsCreated: 0, flowsEvicted: 0 };

  constructor(options: ExportedFlowOptions) {
    this.#options = {
      flowUpdateMs: timings.flowUpdateMs,
      flowExpireMs: timings.flowExpireMs,
      entriesMax: limits.flowTableEntriesMax,
      ...options,
    };
    this.#updateMs = this.#options.flowUpdateMs;
  }

  /** From now on; Infinity = changes of known flows wait. */
  setUpdateInterval(updateMs: number): void {
    this.#updateMs = updateMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes one record; `nowMs` is its arrival. */
  add(record: ExportedRecord, nowMs: number): void {
    const flow = flowOf(record);
    const ids = idsOfExported(flow.Network!, flow.Transport, flow.ICMP);
    // The tracking id leaves the protocol out; two protocols on the same ports are two flows all the same.
    const key = `${ids.trackingId}/${record.protocol}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      flow.TrackingID = ids.trackingId;
      flow.L3TrackingID = ids.trackingId;
      flow.NodeTID = this.#options.nodeTid;
      flow.CaptureID = this.#options.captureId;
      flow.UUID = ids.uuid(flow.Start, this.#options.nodeTid, record.protocol);
      entry = this.#insert(key, flow, record.startMs);
    } else {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    count(entry, record);
    this.#changed.add(entry);
    entry.heardMs = nowMs;
    this.counters.records++;
    this.counters.packets += record.packets;
    this.counters.bytes += record.bytes;
  }

  /** New flows at once, changed ones at the update interval, silent ones end after `flowExpireMs`. */
  tick(nowMs: number): TableOutput {
    const output = this.#output(nowMs);
    for (const [key, entry] of this.#entries) {
      if (entry.heardMs + this.#options.flowExpireMs > nowMs) break;
      this.#entries.delete(key);
      this.#end(entry, nowMs, output);
    }
    for (const entry of this.#changed)
      if (entry.sentAtMs === 0 || entry.sentAtMs + this.#updateMs <= nowMs) this.#send(entry, nowMs, output);
    return output;
  }

  /** Everything that changed since it was last sent. */
  flush(nowMs: number): TableOutput {
    const output = this.#output(nowMs);
    for (const entry of this.#changed) this.#send(entry, nowMs, output);
    return output;
  }

  /** Every flow ends with TIMEOUT. */
  stop(nowMs: number): TableOutput {
    const output = this.#output(nowMs);
    for (const entry of this.#entries.values()) this.#end(entry, nowMs, output);
    this.#entries.clear();
    return output;
  }

  snapshot(): Flow[] {
    return Array.from(this.#entries.values(), ({ flow, metric }) =>
      createFlow({ ...flow, Start: metric.Start, Last: metric.Last, Metric: { ...metric } }),
    );
  }

  #insert(key: string, flow: Flow, startMs: number): Entry {
    if (this.#entries.size >= this.#options.entriesMax) {
      const [idlestKey, idlest] = this.#entries.entries().next().value!;
      this.#entries.delete(idlestKey);
      this.#evicted.push(idlest);
      this.counters.flowsEvicted++;
    }
    const metric = noCounters(startMs);
    const entry: Entry = { flow, metric, sent: noCounters(startMs), sentAtMs: 0, heardMs: 0 };
    this.#entries.set(key, entry);
    this.counters.flowsCreated++;
    return entry;
  }

  /** Begins with the flows that had to make room. */
  #output(nowMs: number): TableOutput {
    const output: TableOutput = { flows: [], ended: [] };
    for (const entry of this.#evicted) this.#end(entry, nowMs, output);
    this.#evicted = [];
    return output;
  }

  #send(entry: Entry, nowMs: number, output: TableOutput): void {
    output.flows.push(message(entry, nowMs, FlowFinishType.NOT_FINISHED));
    this.#changed.delete(entry);
  }

  #end(entry: Entry, nowMs: number, output: TableOutput): void {
    output.flows.push(message(entry, nowMs, FlowFinishType.TIMEOUT));
    output.ended.push(entry.flow.UUID);
    this.#changed.delete(entry);
  }
}

/** What is said about the flow now: the totals, and the growth since it was last spoken of. */
function message(entry: Entry, nowMs: number, finish: FlowFinishType): Flow {
  const { metric, sent } = entry;
  const growth: FlowMetric = {
    ABPackets: metric.ABPackets - sent.ABPackets,
    ABBytes: metric.ABBytes - sent.ABBytes,
    BAPackets: metric.BAPackets - sent.BAPackets,
    BABytes: metric.BABytes - sent.BABytes,
    Start: entry.sentAtMs === 0 ? metric.Start : sent.Last,
    Last: metric.Last,
    RTT: 0,
  };
  entry.sent = { ...metric };
  entry.sentAtMs = nowMs;
  return {
    ...entry.flow,
    FinishType: finish,
    Start: metric.Start,
    Last: metric.Last,
    Metric: { ...metric },
    LastUpdateMetric: growth,
  };
}

function count(entry: Entry, record: ExportedRecord): void {
  const { flow, metric } = entry;
  const samePorts = flow.Transport === undefined || flow.Transport.A === record.sourcePort;
  const fromA =
    flow.Network!.A === record.sourceAddress && (flow.Network!.A !== flow.Network!.B || samePorts);
  if (fromA) {
    metric.ABPackets += record.packets;
    metric.ABBytes += record.bytes;
  } else {
    metric.BAPackets += record.packets;
    metric.BABytes += record.bytes;
  }
  metric.Start = Math.min(metric.Start, record.startMs);
  metric.Last = Math.max(metric.Last, record.lastMs);
}

/** The flow of a record's own direction; ids, node and capture are filled in by the table. */
function flowOf(record: ExportedRecord): Flow {
  const { ipVersion, sourceMac, destinationMac } = record;
  const known = PROTOCOLS[record.protocol];
  const ip = ipVersion === 4 ? 'IPv4' : 'IPv6';
  const path = known === undefined ? ip : `${ip}/${known.name}`;
  const hasLink = sourceMac !== '' && destinationMac !== '';
  return createFlow({
    LayersPath: hasLink ? `Ethernet/${path}` : path,
    Application: known?.name ?? ip,
    ...(hasLink && {
      Link: { Protocol: FlowProtocol.ETHERNET, A: sourceMac, B: destinationMac, ID: record.vlan },
    }),
    Network: {
      Protocol: ipVersion === 4 ? FlowProtocol.IPV4 : FlowProtocol.IPV6,
      A: record.sourceAddress,
      B: record.destinationAddress,
      ID: 0,
    },
    ...upperLayer(record),
    Start: record.startMs,
    Last: record.lastMs,
  });
}

/** Echo request and reply are of one type here, as in flows of packets, so that both directions make one flow. */
function upperLayer({ protocol, ipVersion, sourcePort, destinationPort }: ExportedRecord): Partial<Flow> {
  if (isIcmp(protocol)) {
    const type = destinationPort >> 8;
    const shown = protocol === 1 ? icmpv4TypeOf(type) : icmpv6TypeOf(type);
    return { ICMP: { Type: shown, Code: destinationPort & 0xff, ID: 0 } };
  }
  const unknown = ipVersion === 4 ? FlowProtocol.IPV4 : FlowProtocol.IPV6;
  const transport = PROTOCOLS[protocol]?.protocol ?? unknown;
  return { Transport: { Protocol: transport, A: sourcePort, B: destinationPort, ID: 0 } };
}
