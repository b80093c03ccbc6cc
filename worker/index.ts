/**
 * The analyzer's front door: every route and every Durable Object on one screen. The Worker itself keeps nothing;
 * it checks, routes, and hands sockets over to the objects.
 */
export { FlowHub } from './objects/flow-hub.ts';
export { FlowShard } from './objects/flow-shard.ts';
export { Registry } from './objects/registry.ts';
export { Topology } from './objects/topology.ts';

export default {
  fetch(): Response {
    return new Response('404 page not found\n', { status: 404 });
  },
};
