/**
 * The capture resource, spelled as in the REST API (`rest.md` section 7 of the reference notes, flow model section 15).
 * It travels unchanged from the API through the registry to the probe, so it keeps its public names everywhere.
 */
export interface Capture {
  readonly UUID: string;
  readonly GremlinQuery: string;
  readonly BPFFilter?: string;
  readonly Name?: string;
  readonly Description?: string;
  /** "" or absent: the probe picks by node type. */
  readonly Type?: string;
  /** Computed when shown: nodes on which this capture is active now. */
  readonly Count: number;
  readonly Port?: number;
  readonly SamplingRate: number;
  readonly PollingInterval: number;
  readonly RawPacketLimit?: number;
  /** Bytes of each packet that are looked at; 0 or absent = default. */
  readonly HeaderSize?: number;
  readonly ExtraTCPMetric: boolean;
  readonly IPDefrag: boolean;
  readonly ReassembleTCP: boolean;
  readonly LayerKeyMode?: string;
  /** Bit mask: 1 VRRP, 2 DNS, 4 DHCPv4, 255 all. */
  readonly ExtraLayers?: number;
  readonly Target?: string;
  readonly TargetType?: string;
}

/** One entry of a captured node's `Captures` metadata. */
export interface CaptureState {
  readonly ID: string;
  readonly State: 'active' | 'error';
  readonly Name?: string;
  readonly Description?: string;
  readonly BPFFilter?: string;
  /** The way that packets are captured, also where none was asked for. */
  readonly Type?: string;
  /** Why another Type serves than the one preferred; not in the reference. */
  readonly Fallback?: string;
  /** Where the probe receives what it made a switch sample. */
  readonly SFlowSocket?: string;
  readonly Error?: string;
  readonly PacketsReceived: number;
  readonly PacketsDropped: number;
  readonly PacketsIfDropped: number;
}
