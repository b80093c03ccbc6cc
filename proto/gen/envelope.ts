// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.
import { Reader, Writer } from './runtime.ts';

const NO_BYTES = new Uint8Array(0);

export const Format = {
  JSON: 0,
  PROTOBUF: 1,
} as const;
export type Format = (typeof Format)[keyof typeof Format];

export interface StructMessage {
  Namespace: string;
  Type: string;
  UUID: string;
  Status: number;
  Format: Format;
  Obj: Uint8Array;
}

export function createStructMessage(init?: Partial<StructMessage>): StructMessage {
  const m: StructMessage = {
    Namespace: '',
    Type: '',
    UUID: '',
    Status: 0,
    Format: 0,
    Obj: NO_BYTES,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeStructMessage(m: StructMessage, writer: Writer = Writer.create()): Writer {
  if (m.Namespace !== '') writer.uint32(10).string(m.Namespace);
  if (m.Type !== '') writer.uint32(18).string(m.Type);
  if (m.UUID !== '') writer.uint32(26).string(m.UUID);
  if (m.Status !== 0) writer.uint32(32).int64(m.Status);
  if (m.Format !== 0) writer.uint32(40).int32(m.Format);
  if (m.Obj.length !== 0) writer.uint32(50).bytes(m.Obj);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeStructMessage(input: Reader | Uint8Array, length?: number): StructMessage {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('StructMessage is longer than the message around it');
  const m = createStructMessage();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Namespace = reader.string();
        break;
      case 18:
        m.Type = reader.string();
        break;
      case 26:
        m.UUID = reader.string();
        break;
      case 32:
        m.Status = (reader.int64() as unknown as number);
        break;
      case 40:
        m.Format = reader.int32() as Format;
        break;
      case 50:
        m.Obj = reader.bytes().slice();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('StructMessage ends inside a field');
  return m;
}
