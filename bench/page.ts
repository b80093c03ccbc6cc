/**
 * The page under load, in a headless Chromium without a GPU: 10,000 nodes and 20,000 links of which 200 change a second, then 5,000 flows a second into the table.
 * `npm run bench -- page [--minutes 1]`. Input delay is from a key to when the page begins to handle it, and to the next frame; the baseline is the same page when nothing
 * changes.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'puppeteer-core';
import { WebSocket } from 'ws';
import { nodeToJson, edgeToJson } from '../core/wire/element-json.ts';
import { openPage, startBrowser } from '../scripts/browser.ts';
import { startEdgedive } from '../test/e2e/harness/edgedive.ts';
import { bodyOf, loadFlow, LoadProbe } from './edge-load.ts';
import { makeWorld, type World } from './graph-world.ts';

const NODES = 10_000;
const EDGES = 20_000;
const CHANGES_PER_SECOND = 200;
const FLOWS_PER_SECOND = 5_000;
const KEYS = 120;
/** Event Timing tells of nothing that took less. */
const TOLD_MS = 16;

const message = (type: string, obj: unknown): string =>
  JSON.stringify({ Namespace: 'Graph', Type: type, Status: 200, Obj: obj });

async function publish(address: string, world: World): Promise<WebSocket> {
  const headers = { 'X-Client-Type': 'bench', 'X-Host-ID': 'page' };
  const socket = new WebSocket(`ws://${address}/ws/publisher`, { headers, perMessageDeflate: false });
  await once(socket, 'open');
  const Nodes = [...world.nodes.values()].map((node) => nodeToJson(node));
  const Edges = [...world.edges.values()].map((edge) => edgeToJson(edge));
  socket.send(message('Sync', { Nodes, Edges }));
  return socket;
}

/** Interfaces that go down and up, spread over the second. */
function change(socket: WebSocket, world: World): NodeJS.Timeout {
  const interfaces = [...world.nodes.values()].filter(({ metadata }) => metadata['State'] !== undefined);
  let turn = 0;
  return setInterval(() => {
    for (let n = 0; n < CHANGES_PER_SECOND / 20; n++, turn++) {
      const node = interfaces[(turn * 37) % interfaces.length]!;
      const State = Math.floor((turn * 37) / interfaces.length) % 2 === 0 ? 'DOWN' : 'UP';
      const revision = 2 + Math.floor(turn / interfaces.length) + turn;
      socket.send(
        message('NodeUpdated', nodeToJson({ ...node, metadata: { ...node.metadata, State }, revision })),
      );
    }
  }, 50);
}

interface Delays {
  readonly delayMs: number;
  readonly frameMs: number;
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** Keys into the tree and the search box, one every 50 ms: how long until each is handled, and shown. */
async function typeInto(page: Page): Promise<Delays> {
  await page.evaluate(`{
    globalThis.heard = [];
    globalThis.observer?.disconnect();
    globalThis.observer = new PerformanceObserver((list) => {
      for (const { name, startTime, processingStart, duration } of list.getEntries())
        if (name === 'keydown') heard.push([processingStart - startTime, duration]);
    });
    observer.observe({ type: 'event', durationThreshold: ${TOLD_MS} });
  }`);
  await page.keyboard.press('/');
  for (let key = 0; key < KEYS; key++) {
    if (key % 20 < 3) await page.keyboard.press('9');
    else if (key % 20 < 6) await page.keyboard.press('Backspace');
    else if (key % 20 === 6) await page.focus('[role=tree]').catch(() => {});
    else await page.keyboard.press(key % 40 < 20 ? 'ArrowDown' : 'ArrowUp');
    if (key % 20 === 19) await page.keyboard.press('/');
    await sleep(50);
  }
  await sleep(300);
  const heard = (await page.evaluate('heard')) as [number, number][];
  // What was not told took less than is told of.
  const all = [
    ...heard,
    ...Array.from({ length: Math.max(0, KEYS - heard.length) }, () => [0, TOLD_MS] as const),
  ];
  return {
    delayMs: quantile(
      all.map(([delay]) => delay),
      0.95,
    ),
    frameMs: quantile(
      all.map(([, frame]) => frame),
      0.95,
    ),
  };
}

async function heapMb(page: Page): Promise<number> {
  const { JSHeapUsedSize = 0 } = await page.metrics();
  return JSHeapUsedSize / 1e6;
}

function tell(what: string, { delayMs, frameMs }: Delays, quiet: Delays): void {
  const ratio = (frameMs / Math.max(quiet.frameMs, 1)).toFixed(1);
  console.log(
    `${what.padEnd(44)} input delay p95 ${delayMs.toFixed(0).padStart(4)} ms   to the next frame ${frameMs.toFixed(0).padStart(4)} ms   ${ratio}`,
  );
}

async function flowLoad(address: string, end: AbortSignal): Promise<number> {
  const probe = new LoadProbe(address, 'page-flows');
  await probe.welcomed();
  let sent = 0;
  for (let turn = 0; !end.aborted; turn++) {
    const now = Date.now();
    const flows = Array.from({ length: FLOWS_PER_SECOND / 10 }, (_, index) =>
      loadFlow('p', (turn * 500 + index) % 60_000, turn, now),
    );
    await probe.send(bodyOf(flows));
    sent += flows.length;
    await sleep(100);
  }
  probe.close();
  return sent;
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string', default: '1' } } });
  const edgedive = await startEdgedive({ probe: false });
  const browser = await startBrowser();
  try {
    const world = makeWorld(NODES, EDGES);
    const publisher = await publish(edgedive.address, world);
    while ((await edgedive.query<number>('G.E().Count()')) < EDGES) await sleep(50);
    const { page, faults } = await openPage(browser, edgedive.url);
    await page.waitForFunction(`document.querySelectorAll('[role=treeitem]').length > 10`, {
      timeout: 60_000,
    });
    const shownMs = (await page.evaluate('performance.now()')) as number;
    console.log(
      `${NODES} nodes, ${EDGES} links: the tree stands ${(shownMs / 1_000).toFixed(1)} s after the page was asked for`,
    );
    await sleep(2_000);
    const quiet = await typeInto(page);
    tell('nothing changes (baseline)', quiet, quiet);
    const changing = change(publisher, world);
    await sleep(2_000);
    tell(`${CHANGES_PER_SECOND} changes a second`, await typeInto(page), quiet);
    const over = new AbortController();
    const flows = flowLoad(edgedive.address, over.signal);
    await sleep(5_000);
    const until = performance.now() + Number(values.minutes) * 60_000;
    const heaps: number[] = [];
    do {
      tell('… and 5,000 flows a second into the table', await typeInto(page), quiet);
      heaps.push(await heapMb(page));
      const shown = await page.evaluate(
        `document.querySelector('.panel-body .bar [role=status]')?.innerText ?? ''`,
      );
      console.log(`${''.padEnd(44)} heap ${heaps.at(-1)!.toFixed(0)} MB   ${String(shown)}`);
      await sleep(15_000);
    } while (performance.now() < until);
    over.abort();
    console.log(`${await flows} flow messages sent; heap ${heaps.map((mb) => mb.toFixed(0)).join(' ')} MB`);
    clearInterval(changing);
    publisher.close();
    for (const fault of faults) console.log(`the browser says: ${fault}`);
    return faults.length === 0 ? 0 : 1;
  } finally {
    await browser.close();
    await edgedive.stop();
  }
}
