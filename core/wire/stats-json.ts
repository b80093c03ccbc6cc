/** The statistics of one capture as JSON (flow notes, section 2): five counters always, the capture when there is one. */
import type { Stats } from '../../proto/gen/flow.ts';

export function statsToJson(stats: Stats): string {
  const { CaptureID, FlowCount, FlowDropped, KernelFlowDropped, PacketsDropped, PacketsReceived } = stats;
  const counters = { FlowCount, FlowDropped, KernelFlowDropped, PacketsDropped, PacketsReceived };
  return JSON.stringify(CaptureID === '' ? counters : { CaptureID, ...counters });
}
