/**
 * The query language of Skydive: text → `Query` → answer. The only file that the rest of Edgedive imports from here,
 * beside `ast.ts` (its data), `context.ts` (what a query runs against and yields) and `errors.ts`.
 */
export { isTopologyOnly, resultKindOf } from './accepts.ts';
export { explainError, explainPlan } from './explain.ts';
export { parseQuery } from './parser.ts';
export { printQuery } from './print.ts';
export { runQuery } from './run.ts';
