/**
 * The analyzer's front door: every route and every Durable Object on one screen. The Worker itself keeps nothing;
 * it checks, routes, and hands sockets over to the objects. How to add a route: docs/design/rest.md.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from './app.ts';
import { audit } from './middleware/audit.ts';
import { encoding } from './middleware/encoding.ts';
import { onError } from './middleware/errors.ts';
import { hosts } from './middleware/hosts.ts';
import { noRoute, paths, watchRoutes } from './middleware/methods.ts';
import { origins } from './middleware/origins.ts';
import { principal } from './middleware/principal.ts';
import { rate } from './middleware/rate.ts';
import { traces } from './middleware/traces.ts';
import { requestLog } from './middleware/request-log.ts';
import { requestId } from './middleware/request-id.ts';
import { mountAlert } from './routes/alert.ts';
import { mountAudit } from './routes/audit.ts';
import { mountCapture } from './routes/capture.ts';
import { mountConfig } from './routes/config.ts';
import { mountDescription } from './routes/description.ts';
import { mountEdge, mountNode } from './routes/element.ts';
import { mountGraphSocket } from './routes/graph-socket.ts';
import { mountInfo } from './routes/info.ts';
import { mountInjectpacket } from './routes/injectpacket.ts';
import { mountLogin } from './routes/login.ts';
import { mountMetrics } from './routes/metrics.ts';
import { mountPage } from './routes/page.ts';
import { mountPcap } from './routes/pcap.ts';
import { mountProbe } from './routes/probe.ts';
import { mountEdgeRule, mountNodeRule } from './routes/rule.ts';
import { mountStatus } from './routes/status.ts';
import { mountSubscriber } from './routes/subscriber.ts';
import { mountToken } from './routes/token.ts';
import { mountTopology } from './routes/topology.ts';
import { mountView } from './routes/view.ts';
import { mountWhoami } from './routes/whoami.ts';
import { mountWorkflow } from './routes/workflow.ts';

export { FlowHub } from './objects/flow-hub.ts';
export { FlowShard } from './objects/flow-shard.ts';
export { Preferences } from './objects/preferences.ts';
export { Registry } from './objects/registry.ts';
export { Topology } from './objects/topology.ts';

const app = new OpenAPIHono<AppEnv>();
app.use(encoding, requestId, requestLog, traces, hosts, origins, paths, principal, audit, rate);
app.onError(onError);
app.notFound(noRoute);

mountInfo(app); //        GET /api
mountLogin(app); //       POST /login
mountWhoami(app); //      GET /api/whoami
mountToken(app); //       GET, POST /api/token · GET, DELETE /api/token/{id}
mountAudit(app); //       GET /api/audit
mountStatus(app); //      GET /api/status
mountMetrics(app); //     GET /metrics
mountConfig(app); //      GET /api/config/{key}
mountTopology(app); //    GET, POST /api/topology
mountAlert(app); //       GET, POST /api/alert · GET, PATCH, DELETE /api/alert/{id}
mountCapture(app); //     GET, POST /api/capture · GET, PATCH, DELETE /api/capture/{id}
mountNode(app); //        GET, POST /api/node · GET, PATCH, DELETE /api/node/{id}
mountEdge(app); //        GET, POST /api/edge · GET, PATCH, DELETE /api/edge/{id}
mountNodeRule(app); //    GET, POST /api/noderule · GET, PATCH, DELETE /api/noderule/{id}
mountEdgeRule(app); //    GET, POST /api/edgerule · GET, PATCH, DELETE /api/edgerule/{id}
mountInjectpacket(app); // GET, POST /api/injectpacket · GET, PATCH, DELETE /api/injectpacket/{id}
mountWorkflow(app); //    GET, POST /api/workflow · GET, PATCH, DELETE /api/workflow/{id} · POST /api/workflow/{id}/call
mountView(app); //        GET, POST /api/view · GET, DELETE /api/view/{id}
mountPcap(app); //        POST /api/pcap
mountPage(app); //        GET /, /ui/…: the page's files
mountDescription(app); // GET /swagger.json, /api/swagger.json, /openapi.json
mountProbe(app); //       WebSockets /ws/probe/topology, /ws/probe/flow
mountSubscriber(app); //  WebSocket /ws/subscriber/flow
mountGraphSocket(app); // WebSockets /ws/subscriber, /ws/publisher, /ws/pubsub
watchRoutes(app);

export default app;
