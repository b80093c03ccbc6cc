/** What a flow subscriber asks for at the upgrade (WebSocket notes, sections 2, 11 and 15). */
import { limits } from '../limits.ts';
import {
  oneOf,
  readIdentity,
  readNamespaces,
  type ClientIdentity,
  type Parameters,
  type Refusal,
} from './client-parameters.ts';
import { isResume } from './recent-rows.ts';
import type { ClientProtocol } from './envelope.ts';

/** How flows are spelled for a subscriber: JSON, JSON in a protobuf envelope, or protobuf all through. */
export type FlowEncoding = 'json' | 'jsonInProtobuf' | 'protobuf';

export interface FlowSubscription extends ClientIdentity {
  readonly encoding: FlowEncoding;
  /** All flows, whatever their capture. */
  readonly flows: boolean;
  readonly stats: boolean;
  /** Capture ids whose flows are wanted under `flow/<id>`; "" for flows without a capture. */
  readonly captures: readonly string[];
  /** A Gremlin query over flows; "" for none. */
  readonly filter: string;
  /** The position to go on from, or `now`; "" for a subscriber that wants no positions. */
  readonly resume: string;
}

export function readFlowSubscription(parameters: Parameters): FlowSubscription | Refusal {
  const identity = readIdentity(parameters);
  if ('refused' in identity) return identity;
  const encoding = encodingOf(identity.protocol, oneOf(parameters, 'X-Flow-Format'));
  if (encoding === undefined)
    return { refused: 'X-Flow-Format is json or protobuf, and protobuf needs X-Client-Protocol: protobuf' };
  const filter = oneOf(parameters, 'X-Gremlin-Filter');
  if (filter.length > limits.subscriberFilterCharsMax)
    return { refused: `X-Gremlin-Filter is longer than ${limits.subscriberFilterCharsMax} characters` };
  const resume = oneOf(parameters, 'X-Flow-Resume');
  if (resume !== '' && !isResume(resume))
    return { refused: 'X-Flow-Resume is now, or a position as the stream told it' };
  const namespaces = readNamespaces(parameters);
  if ('refused' in namespaces) return namespaces;
  return { ...identity, encoding, filter, resume, ...wantedOf(namespaces) };
}

function encodingOf(protocol: ClientProtocol, format: string): FlowEncoding | undefined {
  if (format === 'protobuf') return protocol === 'protobuf' ? 'protobuf' : undefined;
  if (format !== '' && format !== 'json') return undefined;
  return protocol === 'json' ? 'json' : 'jsonInProtobuf';
}

/** None given and `*` mean flows and statistics: each flow once, whatever captures others ask for. */
function wantedOf(namespaces: readonly string[]): Pick<FlowSubscription, 'flows' | 'stats' | 'captures'> {
  const isAll = namespaces.length === 0 || namespaces.includes('*');
  return {
    flows: isAll || namespaces.includes('flow'),
    stats: isAll || namespaces.includes('stats'),
    captures: namespaces.filter((name) => name.startsWith('flow/')).map((name) => name.slice('flow/'.length)),
  };
}
