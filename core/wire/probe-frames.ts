/**
 * The frames of our own probes as the two ends handle them: one binary WebSocket frame is one message with exactly
 * one member set (proto/probe.proto). The rules around them stand in docs/design/probe-protocol.md.
 */
import {
  createToAnalyzer,
  createToProbe,
  decodeToAnalyzer,
  decodeToProbe,
  encodeToAnalyzer,
  encodeToProbe,
  type FlowBatch,
  type GraphChanges,
  type GraphSync,
  type Hello,
  type InjectionReport,
  type ToAnalyzer,
  type ToProbe,
} from '../../proto/gen/probe.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import { closeCodes, WireError } from './wire-error.ts';

/** A newer major is refused, any minor accepted: members that we do not know are skipped. */
export const protocolVersion = { major: 1, minor: 2 } as const;

export type FromProbe =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'sync'; readonly sync: GraphSync }
  | { readonly kind: 'changes'; readonly changes: GraphChanges }
  | { readonly kind: 'flows'; readonly batch: FlowBatch }
  | { readonly kind: 'flushDone'; readonly id: number }
  | { readonly kind: 'goodbye'; readonly reason: string }
  | { readonly kind: 'status'; readonly json: string }
  | { readonly kind: 'injection'; readonly report: InjectionReport }
  /** A member that only a newer minor version knows. */
  | { readonly kind: 'unknown' };

/**
 * Throws WireError: 1003 for a text frame, 1009 above `limits.frameBytesMax`, 1007 for bytes that are no message
 * or set more than one member.
 */
export function readProbeFrame(data: ArrayBuffer | Uint8Array | string): FromProbe {
  if (typeof data === 'string')
    throw new WireError(closeCodes.unsupported, 'frames on a probe socket are binary');
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  if (bytes.length > limits.frameBytesMax)
    throw new WireError(
      closeCodes.tooLarge,
      `a frame may have ${limits.frameBytesMax} bytes, this has ${bytes.length}`,
    );
  if (bytes.length === 0) throw new WireError(closeCodes.malformed, 'empty frame');
  return onlyMember(decodeWhole(bytes));
}

function decodeWhole(bytes: Uint8Array): ToAnalyzer {
  try {
    return decodeToAnalyzer(bytes);
  } catch (error) {
    throw new WireError(closeCodes.malformed, `frame is not a ToAnalyzer message: ${messageOf(error)}`);
  }
}

function onlyMember(message: ToAnalyzer): FromProbe {
  const set: FromProbe[] = [];
  if (message.hello !== undefined) set.push({ kind: 'hello', hello: message.hello });
  if (message.sync !== undefined) set.push({ kind: 'sync', sync: message.sync });
  if (message.changes !== undefined) set.push({ kind: 'changes', changes: message.changes });
  if (message.flows !== undefined) set.push({ kind: 'flows', batch: message.flows });
  if (message.flush_done !== undefined) set.push({ kind: 'flushDone', id: message.flush_done.id });
  if (message.goodbye !== undefined) set.push({ kind: 'goodbye', reason: message.goodbye.reason });
  if (message.status !== undefined) set.push({ kind: 'status', json: message.status.json });
  if (message.injection !== undefined) set.push({ kind: 'injection', report: message.injection });
  if (set.length > 1) throw new WireError(closeCodes.malformed, 'a frame sets one member, this sets several');
  return set[0] ?? { kind: 'unknown' };
}

/** A frame for the probe. */
export function probeFrame(message: Partial<ToProbe>): Uint8Array<ArrayBuffer> {
  return encodeToProbe(createToProbe(message)).finish() as Uint8Array<ArrayBuffer>;
}

/** A frame for the analyzer. */
export function analyzerFrame(message: Partial<ToAnalyzer>): Uint8Array<ArrayBuffer> {
  return encodeToAnalyzer(createToAnalyzer(message)).finish() as Uint8Array<ArrayBuffer>;
}

/** What the analyzer sent. Throws WireError 1007 when the bytes are no message. */
export function readAnalyzerFrame(bytes: Uint8Array): ToProbe {
  try {
    return decodeToProbe(bytes);
  } catch (error) {
    throw new WireError(closeCodes.malformed, `frame is not a ToProbe message: ${messageOf(error)}`);
  }
}
