/**
 * The injection as REST clients see it: every member always there, in the reference's order (REST section 11 of the
 * reference notes). How far it has come stands behind them; the reference does not tell.
 */
import type { Injection } from '../injection/injection.ts';
import type { InjectionProgress } from '../injection/progress.ts';

/** `progress` is left out in the answer to the request that made it. */
export function injectionToJson(
  injection: Omit<Injection, 'Tasks'>,
  progress?: InjectionProgress,
): Readonly<Record<string, unknown>> {
  return {
    Src: injection.Src,
    Dst: injection.Dst,
    SrcIP: injection.SrcIP,
    DstIP: injection.DstIP,
    SrcMAC: injection.SrcMAC,
    DstMAC: injection.DstMAC,
    SrcPort: injection.SrcPort,
    DstPort: injection.DstPort,
    Type: injection.Type,
    Payload: injection.Payload,
    ICMPID: injection.ICMPID,
    Count: injection.Count,
    Interval: injection.Interval,
    Mode: injection.Mode,
    IncrementPayload: injection.IncrementPayload,
    StartTime: injection.StartTime,
    Pcap: injection.Pcap,
    TTL: injection.TTL,
    UUID: injection.UUID,
    ...progress,
  };
}
