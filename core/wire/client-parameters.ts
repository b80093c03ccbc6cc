/**
 * What every client of the public WebSockets says of itself at the upgrade, in headers or query parameters (WebSocket
 * notes, sections 2 and 15): each header, when empty, is looked up as the lower-case query parameter of its name.
 */
import { limits } from '../limits.ts';
import type { ClientProtocol } from './envelope.ts';

/** Every value of a header (the runtime joins repeated ones by commas) or of the query parameter of its name. */
export type Parameters = (name: string) => readonly string[];

export interface Refusal {
  /** For the 400 before the upgrade. */
  readonly refused: string;
}

export interface ClientIdentity {
  /** "" when the client gave none. */
  readonly hostId: string;
  readonly clientType: string;
  readonly protocol: ClientProtocol;
}

const HOST_ID_CHARS_MAX = 255;
const SHORT_CHARS_MAX = 64;

export function readIdentity(parameters: Parameters): ClientIdentity | Refusal {
  const hostId = oneOf(parameters, 'X-Host-ID');
  const clientType = oneOf(parameters, 'X-Client-Type');
  if (clientType === '') return { refused: 'X-Client-Type header not provided' };
  if (hostId.length > HOST_ID_CHARS_MAX || clientType.length > SHORT_CHARS_MAX)
    return { refused: 'X-Host-ID or X-Client-Type is too long' };
  const protocol = oneOf(parameters, 'X-Client-Protocol') || 'json';
  if (protocol !== 'json' && protocol !== 'protobuf')
    return { refused: `unsupported X-Client-Protocol '${protocol}', use json or protobuf` };
  return { hostId, clientType, protocol };
}

/** Each namespace once; commas split. */
export function readNamespaces(parameters: Parameters): readonly string[] | Refusal {
  const names = parameters('X-Websocket-Namespace')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim());
  const namespaces = [...new Set(names.filter((name) => name !== ''))];
  if (namespaces.length > limits.subscriberNamespacesMax)
    return { refused: `more than ${limits.subscriberNamespacesMax} namespaces` };
  if (namespaces.some((namespace) => namespace.length > SHORT_CHARS_MAX))
    return { refused: 'a namespace is too long' };
  return namespaces;
}

export function oneOf(parameters: Parameters, name: string): string {
  return parameters(name)[0] ?? '';
}
