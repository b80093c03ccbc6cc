/**
 * An analyzer that is killed at random times while flows come: what it has in the end is what the probe was told that it has, each
 * message once. `EDGEDIVE_KILLS=50` for a longer run.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { hasOf, ToldFlows } from './harness/told-flows.ts';

const KILLS = Number(process.env['EDGEDIVE_KILLS'] ?? '4');

let edgedive: Analyzer;
beforeAll(async () => {
  edgedive = await startEdgedive({ probe: false });
});
afterAll(async () => {
  await edgedive?.stop();
});

it(
  `has every flow message once after ${KILLS} kills`,
  async () => {
    const flows = new ToldFlows(edgedive, 'killed', 5);
    const { link } = flows;
    const over = new AbortController();
    const load = (async () => {
      while (!over.signal.aborted) {
        flows.tell();
        await delay(20);
      }
    })();
    const lost: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await delay(100 + Math.random() * 900);
      const { acknowledged } = link.status;
      await edgedive.kill9Analyzer();
      await edgedive.startAnalyzer();
      // What it said it has, it has.
      const { acknowledged: after } = link.status;
      if (after < acknowledged) lost.push(acknowledged - after);
    }
    over.abort();
    await load;
    await eventually(() => expect(link.status).toMatchObject({ inFlight: 0, queuedBytes: 0 }));
    await link.stop('the test is over', 0);
    expect(lost).toEqual([]);
    expect(link.status.flowsDropped).toBe(0);
    const { told } = flows;
    expect(await hasOf(edgedive)).toEqual({ logged: told, packets: told, missing: 0 });
    expect(told).toBeGreaterThan(100);
  },
  60_000 + KILLS * 10_000,
);
