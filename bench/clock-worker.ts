/**
 * The Worker on a clock that is set by `POST /clock` (ms since 1970, as text), and whose flow shards look after their past when told: `POST /archive` answers
 * whether there was anything left to move. For benches of days that nobody waits for; nothing of this is in the Worker itself.
 */
import worker, { FlowShard as Shard } from '../worker/index.ts';

const realNow = Date.now;
let aheadMs = 0;
Date.now = (): number => realNow() + aheadMs;

export { FlowHub, Registry, Topology } from '../worker/index.ts';

export class FlowShard extends Shard {
  /** As its alarm does; true while files come of it. */
  async archive(): Promise<boolean> {
    const before = this.status().history.archive?.files ?? 0;
    await this.alarm();
    return (this.status().history.archive?.files ?? 0) > before;
  }
}

interface Shards {
  getByName(name: string): { archive(): Promise<boolean> };
}

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method !== 'POST') return worker.fetch(request, env, context);
    if (pathname === '/clock') {
      aheadMs = Number(await request.text()) - realNow();
      return new Response(null, { status: 204 });
    }
    if (pathname !== '/archive') return worker.fetch(request, env, context);
    const shards = env.FLOW_SHARD as unknown as Shards;
    return Response.json(await shards.getByName(await request.text()).archive());
  },
};
