/**
 * What a flow subscriber asks for at the upgrade, read from headers and query parameters (WebSocket notes,
 * sections 2, 11 and 15): each header, when empty, is looked up as the lower-case query parameter of its name.
 */
import { limits } from '../limits.ts';
import type { ClientProtocol } from './envelope.ts';

/** How flows are spelled for a subscriber: JSON, JSON in a protobuf envelope, or protobuf all through. */
export type FlowEncoding = 'json' | 'jsonInProtobuf' | 'protobuf';

export interface FlowSubscription {
  /** "" when the client gave none. */
  readonly hostId: string;
  readonly clientType: string;
  readonly protocol: ClientProtocol;
  readonly encoding: FlowEncoding;
  /** All flows, whatever their capture. */
  readonly flows: boolean;
  readonly stats: boolean;
  /** Capture ids whose flows are wanted under `flow/<id>`; "" for flows without a capture. */
  readonly captures: readonly string[];
  /** A Gremlin query over flows; "" for none. */
  readonly filter: string;
}

/** Every value of a header (the runtime joins repeated ones by commas) or of the query parameter of its name. */
export type Parameters = (name: string) => readonly string[];

const HOST_ID_CHARS_MAX = 255;
const SHORT_CHARS_MAX = 64;

/** The subscription, or the text of the refusal. */
export function readFlowSubscription(
  parameters: Parameters,
): FlowSubscription | { readonly refused: string } {
  const one = (name: string): string => parameters(name)[0] ?? '';
  const hostId = one('X-Host-ID');
  const clientType = one('X-Client-Type');
  if (clientType === '') return { refused: 'X-Client-Type header not provided' };
  if (hostId.length > HOST_ID_CHARS_MAX || clientType.length > SHORT_CHARS_MAX)
    return { refused: 'X-Host-ID or X-Client-Type is too long' };
  const protocol = one('X-Client-Protocol') || 'json';
  if (protocol !== 'json' && protocol !== 'protobuf')
    return { refused: `unsupported X-Client-Protocol '${protocol}', use json or protobuf` };
  const encoding = encodingOf(protocol, one('X-Flow-Format'));
  if (encoding === undefined)
    return { refused: 'X-Flow-Format is json or protobuf, and protobuf needs X-Client-Protocol: protobuf' };
  const filter = one('X-Gremlin-Filter');
  if (filter.length > limits.subscriberFilterCharsMax)
    return { refused: `X-Gremlin-Filter is longer than ${limits.subscriberFilterCharsMax} characters` };
  const namespaces = namespacesOf(parameters('X-Websocket-Namespace'));
  if (namespaces.length > limits.subscriberNamespacesMax)
    return { refused: `more than ${limits.subscriberNamespacesMax} namespaces` };
  if (namespaces.some((namespace) => namespace.length > SHORT_CHARS_MAX))
    return { refused: 'a namespace is too long' };
  return { hostId, clientType, protocol, encoding, filter, ...wantedOf(namespaces) };
}

function encodingOf(protocol: ClientProtocol, format: string): FlowEncoding | undefined {
  if (format === 'protobuf') return protocol === 'protobuf' ? 'protobuf' : undefined;
  if (format !== '' && format !== 'json') return undefined;
  return protocol === 'json' ? 'json' : 'jsonInProtobuf';
}

function namespacesOf(values: readonly string[]): string[] {
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
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
