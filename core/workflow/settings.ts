/**
 * What one script may use, as the analyzer's variables say it: `EDGEDIVE_WORKFLOW_TIME`, a Go duration ("10s"),
 * `EDGEDIVE_WORKFLOW_MEMORY` ("32MiB") and `EDGEDIVE_WORKFLOW_QUERIES`, requests to the API.
 */
import { variableReader } from '../config/variables.ts';
import { parseGoDuration } from '../go-duration.ts';
import { readSize } from '../history-settings.ts';
import { limits, timings } from '../limits.ts';

export interface WorkflowSettings {
  readonly timeMs: number;
  readonly memoryBytes: number;
  readonly queries: number;
  /** What was wrong with the variables; then the default holds in its place. */
  readonly faults: readonly string[];
}

/** The interpreter and our own part of it need about so much before a script has anything. */
const MEMORY_BYTES_MIN = 2 * 1_048_576;

export function readWorkflowSettings(variables: {
  readonly EDGEDIVE_WORKFLOW_TIME?: string;
  readonly EDGEDIVE_WORKFLOW_MEMORY?: string;
  readonly EDGEDIVE_WORKFLOW_QUERIES?: string;
}): WorkflowSettings {
  const { orDefault, faults } = variableReader(variables);
  return {
    timeMs: orDefault('EDGEDIVE_WORKFLOW_TIME', readTime, timings.scriptMs),
    memoryBytes: orDefault('EDGEDIVE_WORKFLOW_MEMORY', readMemory, limits.scriptMemoryBytes),
    queries: orDefault('EDGEDIVE_WORKFLOW_QUERIES', readQueries, limits.scriptQueries),
    faults,
  };
}

function readTime(text: string): number {
  const ms = Math.trunc(parseGoDuration(text));
  if (ms < 1 || ms > timings.scriptMsMax)
    throw new RangeError(`"${text}" is not between 1ms and ${timings.scriptMsMax / 1000}s`);
  return ms;
}

function readMemory(text: string): number {
  const bytes = readSize(text, MEMORY_BYTES_MIN);
  if (bytes > limits.scriptsMemoryBytesMax)
    throw new RangeError(`"${text}" is more than ${limits.scriptsMemoryBytesMax} bytes`);
  return bytes;
}

function readQueries(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new RangeError(`"${text}" is no number of requests`);
  return Number(text);
}
