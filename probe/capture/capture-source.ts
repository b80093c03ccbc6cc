/**
 * What a way of capturing packets offers to the manager. Packets never pass here: a source feeds them to a flow
 * table off the main thread and hands over encoded flow messages only. `ring/ring-source.ts` reads mapped packet rings in a
 * worker thread, `pcap-source.ts` is libpcap in a child process.
 */
import type { BatchBody } from '../../core/wire/batch-encoder.ts';
import type { ExporterKind } from '../../core/capture/capture-types.ts';
import type { Metadata } from '../../core/graph/element.ts';
import type { Pace } from '../link/flow-link.ts';
import type { OvsTarget } from './ovs/ovs-target.ts';

/** One capture on one interface, complete: a source needs to know nothing else. Sent to other processes as it is. */
export interface CaptureSpec {
  readonly captureId: string;
  readonly nodeTid: string;
  readonly interfaceName: string;
  readonly ifIndex: number;
  /** null = the namespace of the probe. */
  readonly netnsPath: string | null;
  /** `ether`, `loopback`, `none`, … as in the node's metadata. */
  readonly encapType: string;
  /** What the user wants to see, in libpcap's words; "" = everything. */
  readonly userFilter: string;
  /** The probe's own traffic, likewise; "" = nothing to leave out. */
  readonly exclusion: string;
  /** Bytes of each packet that are looked at. */
  readonly headerBytes: number;
  readonly layerKeyMode: 'L2' | 'L3';
  readonly extraTcpMetric: boolean;
  readonly ipDefrag: boolean;
  readonly reassembleTcp: boolean;
  /** Bit mask: 1 VRRP, 2 DNS, 4 DHCPv4. */
  readonly extraLayers: number;
  readonly rawPacketLimit: number;
  /** UDP ports whose payload is MPLS. */
  readonly mplsUdpPorts: readonly number[];
  /** Where datagrams of an exporter are received, for the types that take those. */
  readonly listen?: ListenSpec;
  /** The port or bridge, for the types of Open vSwitch. */
  readonly ovs?: OvsTarget;
}

export interface ListenSpec {
  readonly exporter: ExporterKind;
  /** IPv4; "" = every address of the namespace. */
  readonly address: string;
  /** UDP. */
  readonly port: number;
}

/** Since the capture was opened. */
export interface CaptureStats {
  /** Packets that reached the flow table. */
  readonly packetsReceived: number;
  /** Packets that the kernel had no room for. */
  readonly packetsDropped: number;
  /** Flows live in the table now. */
  readonly flows: number;
  /** What the capture learnt of its node beside flows, as keys of the node's metadata. */
  readonly metadata?: Metadata;
}

export interface CaptureHandle {
  /** Set when another way of capturing had to serve than the one preferred: which, and why. */
  readonly fallback?: { readonly type: string; readonly reason: string };
  /** Where datagrams of a switch are received, when the capture made the switch send them. */
  readonly socket?: string;
  /** The last known figures, about a second old while it runs. */
  stats(): CaptureStats;
  /** Ends the capture; its open flows leave with TIMEOUT before this resolves. Never rejects. */
  close(): Promise<void>;
}

export interface CaptureSource {
  /**
   * Resolves when packets are being taken. Rejects with CaptureError. `lost` is called at most once, when an open
   * capture ended by itself; its handle is then of no more use.
   */
  open(spec: CaptureSpec, lost: (error: CaptureError) => void): Promise<CaptureHandle>;
  /** Hands over every flow that changed; resolves behind the last of them. */
  flush(): Promise<void>;
  setPace(pace: Pace): void;
  /** Ends every capture as `close` does and frees everything. */
  stop(): Promise<void>;
  status(): Readonly<Record<string, unknown>>;
}

/** Where a source puts what it made. */
export interface FlowSink {
  add(body: BatchBody): void;
  /** Flow messages that had to be dropped before they came here. */
  countDropped(flows: number): void;
}

/** A capture cannot start or go on; the text is shown on the node. */
export class CaptureError extends Error {
  override readonly name: string = 'CaptureError';
}

/** This way of capturing cannot be had here (no koffi, no right, no such kernel); another way might. */
export class CaptureUnavailable extends CaptureError {
  override readonly name = 'CaptureUnavailable';
}
