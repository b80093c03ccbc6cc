/**
 * One batch of flows and statistics as the frames that subscribers get (WebSocket notes, section 11). Each frame is
 * encoded when the first subscriber wants it and shared by all others; each flow's JSON is made once.
 */
import { createMessage, encodeMessage, encodeStats, type Flow, type Stats } from '../../proto/gen/flow.ts';
import { Format } from '../../proto/gen/envelope.ts';
import { limits } from '../limits.ts';
import { encodeEnvelope, protobufEnvelope } from './envelope.ts';
import { flowToJson } from './flow-json.ts';
import { LOST_TYPE, POSITION_TYPE, type Lost } from './flow-notices.ts';
import type { FlowEncoding, FlowSubscription } from './flow-subscription.ts';
import { statsToJson } from './stats-json.ts';

export type Frame = string | Uint8Array<ArrayBuffer>;

export function lostFrame(lost: Lost, encoding: FlowEncoding, uuid: string): Frame {
  return tellingFrame(LOST_TYPE, lost, encoding, uuid);
}

/** `position` is what `X-Flow-Resume` takes. */
export function positionFrame(position: string, encoding: FlowEncoding, uuid: string): Frame {
  return tellingFrame(POSITION_TYPE, position, encoding, uuid);
}

function tellingFrame(type: string, told: Lost | string, encoding: FlowEncoding, uuid: string): Frame {
  const head = { namespace: 'flow', type, uuid, status: 200, obj: JSON.stringify(told) };
  return encodeEnvelope(head, encoding === 'json' ? 'json' : 'protobuf');
}

export class FlowMessages {
  readonly #flows: readonly Flow[];
  readonly #stats: readonly Stats[];
  readonly #newUuid: () => string;
  readonly #json: (string | undefined)[] = [];
  readonly #frames = new Map<string, readonly Frame[]>();
  #byCapture: Map<string, number[]> | undefined;

  /** `newUuid` gives each message its id. */
  constructor(flows: readonly Flow[], stats: readonly Stats[], newUuid: () => string) {
    this.#flows = flows;
    this.#stats = stats;
    this.#newUuid = newUuid;
  }

  /** The frames of this subscription in their order: flows, then by capture, then statistics. */
  *for(subscription: FlowSubscription): Generator<Frame> {
    if (subscription.flows) yield* this.#flowFrames('flow', undefined, subscription.encoding);
    for (const capture of subscription.captures)
      yield* this.#flowFrames(`flow/${capture}`, capture, subscription.encoding);
    if (subscription.stats) yield* this.#statsFrames(subscription.encoding);
  }

  /** Where a subscriber is that got all of this. */
  positionFrame(position: string, encoding: FlowEncoding): Frame {
    const [frame] = this.#shared(`${encoding} at ${position}`, () => [
      positionFrame(position, encoding, this.#newUuid()),
    ]);
    return frame!;
  }

  /** How many flows `for` yields. */
  flowsFor({ flows, captures }: FlowSubscription): number {
    const ofCaptures = captures.map((capture) => this.#captures().get(capture)?.length ?? 0);
    return ofCaptures.reduce((sum, count) => sum + count, flows ? this.#flows.length : 0);
  }

  #flowFrames(namespace: string, capture: string | undefined, encoding: FlowEncoding): readonly Frame[] {
    return this.#shared(`${encoding} ${namespace}`, () => {
      const indexes = capture === undefined ? [...this.#flows.keys()] : (this.#captures().get(capture) ?? []);
      const frames: Frame[] = [];
      for (let from = 0; from < indexes.length; from += limits.flowsPerMessageMax)
        frames.push(
          this.#flowFrame(namespace, indexes.slice(from, from + limits.flowsPerMessageMax), encoding),
        );
      return frames;
    });
  }

  #flowFrame(namespace: string, indexes: readonly number[], encoding: FlowEncoding): Frame {
    const head = { namespace, type: 'store', uuid: this.#newUuid(), status: 200 };
    if (encoding === 'protobuf') {
      const flows = indexes.map((index) => this.#flows[index]!);
      return protobufEnvelope(head, encodeMessage(createMessage({ Flows: flows })).finish(), Format.PROTOBUF);
    }
    const obj = `[${indexes.map((index) => (this.#json[index] ??= flowToJson(this.#flows[index]!))).join(',')}]`;
    return encodeEnvelope({ ...head, obj }, encoding === 'json' ? 'json' : 'protobuf');
  }

  #captures(): Map<string, number[]> {
    if (this.#byCapture !== undefined) return this.#byCapture;
    const byCapture = new Map<string, number[]>();
    for (const [index, flow] of this.#flows.entries()) {
      const indexes = byCapture.get(flow.CaptureID);
      if (indexes === undefined) byCapture.set(flow.CaptureID, [index]);
      else indexes.push(index);
    }
    this.#byCapture = byCapture;
    return byCapture;
  }

  /** Statistics are single protobuf objects, which the reference's protobuf clients get as such. */
  #statsFrames(encoding: FlowEncoding): readonly Frame[] {
    return this.#shared(`${encoding} stats`, () =>
      this.#stats.map((stats) => {
        const head = { namespace: 'stats', type: 'stats', uuid: this.#newUuid(), status: 200 };
        if (encoding === 'json') return encodeEnvelope({ ...head, obj: statsToJson(stats) }, 'json');
        return protobufEnvelope(head, encodeStats(stats).finish(), Format.PROTOBUF);
      }),
    );
  }

  #shared(key: string, encode: () => readonly Frame[]): readonly Frame[] {
    let frames = this.#frames.get(key);
    if (frames === undefined) {
      frames = encode();
      this.#frames.set(key, frames);
    }
    return frames;
  }
}
