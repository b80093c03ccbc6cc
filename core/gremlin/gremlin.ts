/**
 * The query language of Skydive: text → `Query` → answer. The only file that the rest of Edgedive imports from here,
 * beside `context.ts` (what a query runs against and yields) and `errors.ts`.
 */
export { isTopologyOnly, resultKindOf } from './accepts.ts';
export type { Query } from './ast.ts';
export { parseQuery } from './parser.ts';
export { printQuery } from './print.ts';
export { runQuery } from './run.ts';
