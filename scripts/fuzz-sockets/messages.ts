/** Messages of every wrong kind in good frames, what else is strange about messages, and mixtures of it all made at random. */
import { createEnvelopeBytes, envelopeText } from './envelopes.ts';
import type { Random } from '../fuzz-gremlin-grammar.ts';
import { BINARY, BORNE, FORBIDDEN, frame, TEXT } from './frames.ts';

const node = (metadata: string, more = '', id = 'wrong'): string =>
  `{"ID":"${id}","Host":"h"${more},"Metadata":${metadata}}`;
const deep = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

/** No socket takes any of these; each has to be counted where it was refused. */
export const WRONG: Readonly<Record<string, Buffer | string>> = {
  nothing: '',
  'no JSON': 'garbage',
  'half of JSON': '{"Namespace":"Graph","Ty',
  'a list': '[]',
  null: 'null',
  'a number beyond doubles': '1e999',
  'an object of nothing': '{}',
  'members of wrong types': '{"Namespace":1,"Type":[],"UUID":{},"Obj":7,"Status":"x"}',
  'a status that is a text': '{"Namespace":"Graph","Type":"SyncRequest","UUID":"u","Status":"200","Obj":{}}',
  'an unknown namespace': envelopeText('NodeAdded', node('{"Name":"x","Type":"t"}'), 'Nowhere'),
  'an unknown type': envelopeText('NodeExploded', '{}'),
  'a type that every object has': envelopeText('constructor', '{}'),
  'a type of 100,000 letters': envelopeText('N'.repeat(100_000), '{}'),
  'an id of 100,000 letters': envelopeText('NodeAdded', '7', 'Graph', 'u'.repeat(100_000)),
  'a node that is a number': envelopeText('NodeAdded', '7'),
  'a node without an id': envelopeText('NodeAdded', '{"Metadata":{"Name":"x","Type":"t"}}'),
  'a node without a type': envelopeText('NodeAdded', node('{"Name":"x"}')),
  'metadata that is a list': envelopeText('NodeAdded', node('[1]')),
  'times no clock tells': envelopeText('NodeAdded', node('{"Name":"x","Type":"t"}', ',"CreatedAt":1e308')),
  'a negative revision': envelopeText('NodeUpdated', node('{"Name":"x","Type":"t"}', ',"Revision":-9e99')),
  'metadata 20,000 deep': envelopeText('NodeAdded', node(`{"Name":"x","Type":"t","a":${deep(20_000)}}`)),
  'a key 20,000 deep': envelopeText(
    'NodePartiallyUpdated',
    `{"ID":"wrong","Ops":[{"Type":1,"Key":"${'a.'.repeat(20_000)}a","Value":1}]}`,
  ),
  'lists 100,000 deep': '['.repeat(100_000),
  'whole lists 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
  'Sync of no lists': envelopeText('Sync', '{"Nodes":7,"Edges":"x"}'),
  'Sync of nulls': envelopeText('Sync', '{"Nodes":[null,1,"x",[]],"Edges":[null]}'),
  'SyncRequest of a number': envelopeText('SyncRequest', '5'),
  'SyncRequest of a text as time': envelopeText('SyncRequest', '{"Time":"x"}'),
  'operations that are nulls': envelopeText('NodePartiallyUpdated', '{"ID":null,"Ops":[null,{"Type":9}]}'),
  'an operation of type 3': envelopeText('NodePartiallyUpdated', '{"ID":"x","Ops":[{"Type":3,"Key":"a"}]}'),
  'protobuf that ends early': Buffer.from([0x0a, 0x7f, 0x47]),
  'protobuf of wire type 7': Buffer.from([0x0f, 0xff, 0xff]),
  'a varint without end': Buffer.alloc(40, 0xff),
  'protobuf groups 10,000 deep': Buffer.alloc(10_000, 0x0b),
  'an envelope whose Obj is no JSON': createEnvelopeBytes('NodeAdded', '{"ID":'),
  'an envelope of a node without type': createEnvelopeBytes('NodeAdded', node('{"Name":"x"}')),
  zeros: Buffer.alloc(1000),
};

/** May be taken, and then must do no harm. */
export const STRANGE: Readonly<Record<string, Buffer | string>> = {
  '__proto__ as message': '{"__proto__":{"Namespace":"Graph"},"constructor":{"prototype":{}}}',
  '__proto__ in metadata': envelopeText(
    'NodeAdded',
    node('{"Name":"x","Type":"t","__proto__":{"polluted":1}}', '', 'strange'),
  ),
  '__proto__ as key': envelopeText(
    'NodePartiallyUpdated',
    '{"ID":"strange","Ops":[{"Type":1,"Key":"__proto__.polluted","Value":1}]}',
  ),
  'a filter that is no query': envelopeText('SyncRequest', '{"GremlinFilter":"G.V("}'),
  'members twice': '{"Namespace":"x","Namespace":"Graph","Type":"Sync","Type":"SyncRequest","UUID":"u"}',
};

/** A message larger than any socket takes. */
export function oversize(bytes: number): Buffer {
  return frame({ opcode: BINARY, payload: Buffer.alloc(bytes, 0x20) });
}

/** One frame or message of the lists: as it is, cut, with bits turned, in a strange frame; or noise. */
export function madeFrames(random: Random): Buffer {
  const pick = <T>(all: Readonly<Record<string, T>>): T =>
    Object.values(all)[random(Object.keys(all).length)]!;
  const kind = random(10);
  if (kind === 0) return pick(FORBIDDEN);
  if (kind === 1) return pick(BORNE);
  if (kind === 2) return Buffer.from(Array.from({ length: 1 + random(200) }, () => random(256)));
  const message = Buffer.from(pick(random(6) === 0 ? STRANGE : WRONG) as string);
  if (kind < 6)
    for (let turns = random(4); turns > 0 && message.length > 0; turns--)
      message[random(message.length)]! ^= 1 << random(8);
  const bytes = frame({
    opcode: kind === 3 ? random(16) : random(2) === 0 ? TEXT : BINARY,
    fin: random(8) > 0,
    reserved: random(12) === 0 ? random(8) : 0,
    masked: random(20) > 0,
    payload: random(6) === 0 ? message.subarray(0, random(message.length + 1)) : message,
  });
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
}
