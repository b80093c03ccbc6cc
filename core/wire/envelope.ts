/**
 * The envelope of every message on the public WebSockets: a JSON text frame or a protobuf StructMessage
 * (WebSocket notes, section 4). `Obj` is kept as JSON text, so that it is spelled once for both protocols.
 */
import {
  createStructMessage,
  decodeStructMessage,
  encodeStructMessage,
  Format,
} from '../../proto/gen/envelope.ts';
import { messageOf } from '../errors.ts';
import { closeCodes, WireError } from './wire-error.ts';

export type ClientProtocol = 'json' | 'protobuf';

export interface Envelope {
  readonly namespace: string;
  readonly type: string;
  /** "" is left out. */
  readonly uuid: string;
  /** HTTP-like; 0 is left out. */
  readonly status: number;
  /** JSON text. */
  readonly obj: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The frame in the peer's protocol: a text for JSON, bytes for protobuf (Format absent, as Obj is JSON). */
export function encodeEnvelope(
  message: Envelope,
  protocol: ClientProtocol,
): string | Uint8Array<ArrayBuffer> {
  return protocol === 'json'
    ? envelopeText(message)
    : protobufEnvelope(message, encoder.encode(message.obj), Format.JSON);
}

function envelopeText(message: Envelope): string {
  const uuid = message.uuid === '' ? '' : `"UUID":${JSON.stringify(message.uuid)},`;
  const status = message.status === 0 ? '' : `"Status":${message.status},`;
  return `{"Namespace":${JSON.stringify(message.namespace)},"Type":${JSON.stringify(message.type)},${uuid}${status}"Obj":${message.obj}}`;
}

/** A StructMessage whose Obj is in the given format; the envelope's own `obj` is not looked at. */
export function protobufEnvelope(
  message: Omit<Envelope, 'obj'>,
  obj: Uint8Array,
  format: Format,
): Uint8Array<ArrayBuffer> {
  const struct = createStructMessage({
    Namespace: message.namespace,
    Type: message.type,
    UUID: message.uuid,
    Status: message.status,
    Format: format,
    Obj: obj,
  });
  return encodeStructMessage(struct).finish() as Uint8Array<ArrayBuffer>;
}

/** A message whose Obj was read. */
export interface OpenedEnvelope extends Omit<Envelope, 'obj'> {
  /** Any JSON value; null beside `bytes`. */
  readonly obj: unknown;
  /** Obj of a format that is not JSON. */
  readonly bytes?: Uint8Array;
}

/** `openEnvelope` with Obj as JSON text. */
export function decodeEnvelope(frame: ArrayBuffer | Uint8Array | string, protocol: ClientProtocol): Envelope {
  const message = openEnvelope(frame, protocol);
  return { ...message, obj: JSON.stringify(message.obj) };
}

/**
 * A peer's message. Text and binary frames are both taken for either protocol, as the reference does; what
 * decides is the protocol agreed at the upgrade. Throws WireError 1007 when it is no envelope: member names are
 * read without case, Status is an integer, Obj any JSON (absent = null). `takesBytes`: Obj may be in protobuf, and is not read.
 */
export function openEnvelope(
  frame: ArrayBuffer | Uint8Array | string,
  protocol: ClientProtocol,
  takesBytes = false,
): OpenedEnvelope {
  try {
    return protocol === 'json' ? fromJson(textOf(frame)) : fromProtobuf(bytesOf(frame), takesBytes);
  } catch (error) {
    throw new WireError(closeCodes.malformed, `not an envelope: ${messageOf(error)}`);
  }
}

function textOf(frame: ArrayBuffer | Uint8Array | string): string {
  return typeof frame === 'string' ? frame : decoder.decode(frame);
}

function bytesOf(frame: ArrayBuffer | Uint8Array | string): Uint8Array {
  if (typeof frame === 'string') return encoder.encode(frame);
  return frame instanceof Uint8Array ? frame : new Uint8Array(frame);
}

function fromJson(text: string): OpenedEnvelope {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('a message is a JSON object');
  const status = memberOf(value, 'Status') ?? 0;
  if (!Number.isSafeInteger(status)) throw new TypeError('Status is not an integer');
  return {
    namespace: textMember(value, 'Namespace'),
    type: textMember(value, 'Type'),
    uuid: textMember(value, 'UUID'),
    status: status as number,
    obj: memberOf(value, 'Obj') ?? null,
  };
}

/** By its name as it is spelled, or else in other capitals. */
function memberOf(message: object, name: string): unknown {
  const members = message as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(members, name)) return members[name];
  const lower = name.toLowerCase();
  const found = Object.keys(members).find((key) => key.toLowerCase() === lower);
  return found === undefined ? undefined : members[found];
}

function textMember(message: object, name: string): string {
  const value = memberOf(message, name) ?? '';
  if (typeof value !== 'string') throw new TypeError(`${name} is not a text`);
  return value;
}

function fromProtobuf(bytes: Uint8Array, takesBytes: boolean): OpenedEnvelope {
  const struct = decodeStructMessage(bytes);
  const { Namespace: namespace, Type: type, UUID: uuid, Status: status } = struct;
  if (struct.Format !== Format.JSON && !takesBytes) throw new TypeError('Obj is not JSON');
  if (struct.Format !== Format.JSON) return { namespace, type, uuid, status, obj: null, bytes: struct.Obj };
  const obj: unknown = struct.Obj.length === 0 ? null : JSON.parse(decoder.decode(struct.Obj));
  return { namespace, type, uuid, status, obj };
}
