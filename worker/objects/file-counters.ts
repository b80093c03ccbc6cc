/** What uploaded capture files held, as counters of the shard that has their flows. */
import type { FileCounts } from '../../core/capture/file-flows.ts';

export type FileCounter =
  | 'files'
  | 'filesCut'
  | 'filePackets'
  | 'filePacketsIgnored'
  | 'fileBytes'
  | 'fileFlows'
  | 'fileFlowsEvicted';
export const fileCounters: readonly FileCounter[] = [
  'files',
  'filesCut',
  'filePackets',
  'filePacketsIgnored',
  'fileBytes',
  'fileFlows',
  'fileFlowsEvicted',
];

/** A file was read to its end. */
export function countFile(counts: FileCounts, add: (name: FileCounter, by?: number) => void): void {
  add('files');
  if (counts.truncated) add('filesCut');
  add('filePackets', counts.packets);
  add('filePacketsIgnored', counts.packetsIgnored);
  add('fileBytes', counts.bytes);
  add('fileFlows', counts.flows);
  add('fileFlowsEvicted', counts.flowsEvicted);
}
