/**
 * Packet injections: the resource as in the REST API (REST section 11 of the reference notes), what one node of it is to
 * send, and how far that has come. Public names everywhere, since both travel unchanged to the probe and to people.
 */

export const INJECTION_TYPES = ['icmp4', 'icmp6', 'tcp4', 'tcp6', 'udp4', 'udp6'] as const;
export type InjectionType = (typeof INJECTION_TYPES)[number];
export const INJECTION_MODES = ['', 'unique', 'random'] as const;
export type InjectionMode = (typeof INJECTION_MODES)[number];

/** What a client asks for, checked. */
export interface InjectionRequest {
  /** Gremlin texts. */
  readonly Src: string;
  readonly Dst: string;
  readonly SrcIP: string;
  readonly DstIP: string;
  readonly SrcMAC: string;
  readonly DstMAC: string;
  readonly SrcPort: number;
  readonly DstPort: number;
  readonly Type: InjectionType;
  readonly Payload: string;
  readonly ICMPID: number;
  /** Packets; 0 = 1. */
  readonly Count: number;
  /** ms between two packets. */
  readonly Interval: number;
  readonly Mode: InjectionMode;
  /** Bytes that the payload grows by with each packet. */
  readonly IncrementPayload: number;
  /** RFC 3339; only kept. */
  readonly StartTime: string;
  /** A capture file in base64 whose packets are sent instead. */
  readonly Pcap: string | null;
  /** Of the packets; 0 = 64. */
  readonly TTL: number;
}

/** What one node is to send. Addresses are empty when a capture file is sent. */
export interface InjectionSpec extends Omit<InjectionRequest, 'Src' | 'Dst' | 'StartTime'> {
  readonly UUID: string;
}

export type InjectionState = 'pending' | 'active' | 'done' | 'error';

/** How far one node has come. */
export interface InjectionTask {
  readonly NodeID: string;
  readonly Host: string;
  readonly State: InjectionState;
  readonly PacketCount: number;
  readonly Error?: string;
  /** When it must have been heard of again, ms since 1970. */
  readonly dueMs: number;
}

/** As the Registry keeps it. */
export interface Injection extends InjectionRequest {
  readonly UUID: string;
  readonly Tasks: readonly InjectionTask[];
}

/** What a probe says of a task. */
export interface InjectionReport {
  readonly uuid: string;
  readonly nodeId: string;
  readonly state: InjectionState;
  readonly packets: number;
  readonly error: string;
}
