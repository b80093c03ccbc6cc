/**
 * Every WebSocket there is, by its path (docs/design/sockets.md). Routes are mounted by these names only, so that what walks over
 * all of them, such as the fuzz of wrong frames, knows a new one at once.
 */
export const SOCKET_PATHS = [
  '/ws/subscriber',
  '/ws/subscriber/flow',
  '/ws/publisher',
  '/ws/pubsub',
  '/ws/agent/topology',
  '/ws/agent/flow',
  '/ws/probe/topology',
  '/ws/probe/flow',
  '/ws/replication',
] as const;
export type SocketPath = (typeof SOCKET_PATHS)[number];

/** Known to clients of the reference and refused here: nothing ever opens. */
export const REFUSED_SOCKET_PATHS: readonly SocketPath[] = ['/ws/replication'];
