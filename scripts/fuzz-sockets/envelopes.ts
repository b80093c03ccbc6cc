/** Envelopes around an Obj of any text, good or not, in both protocols. */
import { protobufEnvelope } from '../../core/wire/envelope.ts';
import { Format } from '../../proto/gen/envelope.ts';

export function envelopeText(type: string, obj: string, namespace = 'Graph', uuid = 'u'): string {
  return `{"Namespace":"${namespace}","Type":"${type}","UUID":"${uuid}","Status":200,"Obj":${obj}}`;
}

export function createEnvelopeBytes(type: string, obj: string): Buffer {
  const message = { namespace: 'Graph', type, uuid: 'u', status: 200 };
  return Buffer.from(protobufEnvelope(message, new TextEncoder().encode(obj), Format.JSON));
}
