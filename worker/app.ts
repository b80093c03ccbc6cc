/** The type that every route and middleware shares: the bindings, and what a request carries on its way. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Needed, Principal } from '../core/auth/principal.ts';

export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** Made anew for each request; answers carry it as X-Request-Id, and our own mistakes are logged under it. */
    requestId: string;
    /** Who asks; see middleware/principal.ts. */
    principal: Principal;
    /** What its route asks of whoever comes; undefined until a route has taken it. */
    needs: Needed | undefined;
    /** A password or a token of one's own choice was shown and compared, or held back for so long; worker/auth/tries.ts. */
    isTried: boolean | undefined;
    heldBackMs: number | undefined;
    /** Its entry in the audit trail, begun before a change. */
    auditSeq: number | undefined;
  };
}
export type App = OpenAPIHono<AppEnv>;
export type AppContext = Context<AppEnv>;
