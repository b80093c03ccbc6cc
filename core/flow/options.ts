/** How a flow table is made: what a capture asks for, and the timings of the probe's configuration. */
export interface FlowTimings {
  readonly newFlowMs: number;
  readonly flowUpdateMs: number;
  readonly flowExpireMs: number;
  readonly flowHoldMs: number;
  /** By upper-cased Application. */
  readonly applicationTimeoutMs: Readonly<Record<string, number>>;
}

export interface FlowTableOptions {
  readonly nodeTid: string;
  readonly captureId: string;
  /** What a flow is keyed by besides its IP ends: L2 (default) adds the MACs. */
  readonly layerKeyMode?: 'L2' | 'L3' | undefined;
  /** pcap link type of the packets fed; 1 (Ethernet) by default. */
  readonly linkType?: number | undefined;
  readonly extraTcpMetric?: boolean | undefined;
  readonly ipDefrag?: boolean | undefined;
  readonly reassembleTcp?: boolean | undefined;
  /** Bit mask: 1 VRRP, 2 DNS, 4 DHCPv4. */
  readonly extraLayers?: number | undefined;
  /** Packets kept of each flow. */
  readonly rawPacketLimit?: number | undefined;
  readonly mplsUdpPorts?: readonly number[] | undefined;
  /** Port → name that replaces Application. */
  readonly applicationPorts?:
    | {
        readonly tcp?: ReadonlyMap<number, string> | undefined;
        readonly udp?: ReadonlyMap<number, string> | undefined;
      }
    | undefined;
  readonly timings?: Partial<FlowTimings> | undefined;
  readonly entriesMax?: number | undefined;
  /** Any number that others cannot guess: it decides where keys lie in the hash index. */
  readonly hashSeed?: number | undefined;
  /** False sends every packet the general way (fast-path.ts); only tests ask for that. */
  readonly fastPath?: boolean | undefined;
}
