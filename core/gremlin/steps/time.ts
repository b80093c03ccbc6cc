/** At / Context: the graph as it was (Gremlin notes, section 9.1). A second one replaces the first. */
import { DurationError, parseGoDuration } from '../../go-duration.ts';
import { isPoint, RevisionGraph } from '../../graph/history.ts';
import type { TimeSlice } from '../../graph/history.ts';
import { LateGraph } from '../../graph/late-graph.ts';
import type { Param, Step } from '../ast.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';

/** Integers up to it are seconds, above it milliseconds. */
const SECONDS_MAX = 2_147_483_647;

/** The graph of that time is read when a step asks for it. */
export function travel(run: Run, value: ValueOf<'graph'>, step: Step): ValueOf<'graph'> {
  const slice = sliceOf(step, run.context.now());
  const { history } = run.context;
  if (history === undefined || !value.on.canTravel)
    throw execError('no-history', step, 'Backend does not support history');
  const base = { slice, canTravel: true, remembered: new Map() };
  if (isPoint(slice)) return { kind: 'graph', on: { ...base, view: new LateGraph(() => history.at(slice)) } };
  const revisions = new RevisionGraph((wanted) => {
    const found = history.revisions(slice, wanted);
    run.visit(step, found.nodes.length + found.edges.length);
    return found;
  });
  return { kind: 'graph', on: { ...base, view: revisions, revisions } };
}

/** The end of the time that a step of the query means; undefined when it means none (which it says when it runs). */
export function endOfSlice(step: Step, nowMs: number): number | undefined {
  try {
    return sliceOf(step, nowMs).toMs;
  } catch {
    return undefined;
  }
}

function sliceOf(step: Step, nowMs: number): TimeSlice {
  const [time, duration] = step.params;
  if (time === undefined)
    throw execError('bad-time', step, "At least one parameter must be provided to 'Context'");
  if (step.params.length > 2)
    throw execError('bad-time', step, "At most two parameters must be provided to 'Context'");
  const lengthMs = duration === undefined ? 0 : durationOf(step, duration, nowMs);
  const toMs = timeOf(step, time, nowMs);
  return { fromMs: toMs - lengthMs, toMs };
}

function wrongKind(step: Step): Error {
  return execError('bad-time', step, "Key 'Context' must be either an integer or a string");
}

/** `FOREVER` is the time since 1970. */
function durationOf(step: Step, param: Param, nowMs: number): number {
  if (param.kind === 'number' && param.integer) return param.value * 1000;
  if (param.kind === 'word' && param.word === 'FOREVER') return nowMs;
  if (param.kind !== 'text') throw wrongKind(step);
  try {
    return Math.trunc(parseGoDuration(param.value));
  } catch (error) {
    if (error instanceof DurationError) throw execError('bad-time', step, error.message);
    throw error;
  }
}

function timeOf(step: Step, param: Param, nowMs: number): number {
  if (param.kind === 'number' && param.integer)
    return param.value > SECONDS_MAX ? param.value : param.value * 1000;
  if (param.kind === 'word' && param.word === 'NOW') return nowMs;
  if (param.kind !== 'text') throw wrongKind(step);
  const absolute = parseRfc1123(param.value);
  if (absolute !== undefined) return absolute;
  try {
    return nowMs + Math.trunc(parseGoDuration(param.value));
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw execError('bad-time', step, 'Time must be in RFC1123 or in Go Duration format');
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** As Go reads it: names of days and months in any case, hours of one digit or two, fractions of seconds. */
const RFC1123 =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z]{3}) (\d{4}) (\d{1,2}):(\d\d):(\d\d)([.,]\d+)? (\S+)$/i;
const ZONE = /^(?:ChST|MeST|GMT(?:[+-]\d{1,2})?|[A-Z]{3}|[A-Z]{3}T|WITA|[A-Z]{4}T|[+-]\d{1,2})$/;

/**
 * ms since 1970 of `Tue, 14 Nov 2023 22:15:00 GMT`. The name of a zone counts as offset zero, except `GMT+3`; as in the
 * reference the day of the week is not checked against the date.
 */
function parseRfc1123(text: string): number | undefined {
  const parts = RFC1123.exec(text);
  if (parts === null) return undefined;
  const [, day, monthName, year, hour, minute, second, fraction, zone] = parts;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === monthName!.toLowerCase());
  const at = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
  const isReal =
    month >= 0 && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 && ZONE.test(zone!);
  if (!isReal || new Date(at).getUTCDate() !== Number(day)) return undefined;
  const offsetHours = /^GMT([+-]\d{1,2})$/.exec(zone!)?.[1] ?? '0';
  return (
    at + Math.trunc(Number((fraction ?? '0').replace(',', '.')) * 1000) - Number(offsetHours) * 3_600_000
  );
}
