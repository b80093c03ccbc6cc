/** What the status says of alerts and rules, asked for no more often than lists are worth it. */
import type { AnalyzerStatus } from '../../core/api/operations.ts';
import { ask } from '../link/api.ts';
import { standingOf, type Standing } from '../model/manage/standing.ts';
import { may } from './session.ts';

const FRESH_MS = 4_000;

let asked: { readonly atMs: number; readonly answer: Promise<AnalyzerStatus> } | undefined;

/** Undefined where nobody may say, or the status cannot be had now: lists are of use without. */
export async function standing(): Promise<Standing | undefined> {
  if (!may('status', 'read')) return undefined;
  if (asked === undefined || Date.now() - asked.atMs > FRESH_MS)
    asked = { atMs: Date.now(), answer: ask('GET /api/status', {}) };
  return asked.answer.then(standingOf, () => undefined);
}
