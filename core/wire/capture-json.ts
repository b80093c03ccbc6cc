/**
 * The capture as REST clients see it: the reference's order of members, empty and zero values left out unless they
 * are always present (REST section 7 of the reference notes).
 */
import type { Capture } from '../capture/capture.ts';

type JsonCapture = Record<string, string | number | boolean>;

/** The public form of a capture; `count` = nodes on which it is active now. */
export function captureToJson(capture: Omit<Capture, 'Count'>, count: number): JsonCapture {
  const members: Record<string, string | number | boolean | undefined> = {
    GremlinQuery: capture.GremlinQuery,
    BPFFilter: capture.BPFFilter || undefined,
    Name: capture.Name || undefined,
    Description: capture.Description || undefined,
    Type: capture.Type || undefined,
    Count: count,
    Port: capture.Port || undefined,
    SamplingRate: capture.SamplingRate,
    PollingInterval: capture.PollingInterval,
    RawPacketLimit: capture.RawPacketLimit || undefined,
    HeaderSize: capture.HeaderSize || undefined,
    ExtraTCPMetric: capture.ExtraTCPMetric,
    IPDefrag: capture.IPDefrag,
    ReassembleTCP: capture.ReassembleTCP,
    LayerKeyMode: capture.LayerKeyMode || undefined,
    ExtraLayers: capture.ExtraLayers || undefined,
    Target: capture.Target || undefined,
    TargetType: capture.TargetType || undefined,
    UUID: capture.UUID,
  };
  const shown: JsonCapture = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) shown[name] = value;
  return shown;
}
