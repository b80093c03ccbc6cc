/**
 * `npm run screenshots`: pictures of the page for the documentation, of a laboratory of its own (docs/images/page-*.png). Needs root and
 * chromium. They differ from run to run in addresses and times, so that nothing compares them.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { startEdgedive } from '../test/e2e/harness/edgedive.ts';
import { createLab } from '../test/e2e/harness/lab.ts';
import { openPage, startBrowser } from './browser.ts';
import { root } from './process/paths.ts';

const SETTLE_MS = 1_500;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const take = async (page: Page, name: string): Promise<void> => {
  await sleep(SETTLE_MS);
  await page.screenshot({ path: join(root, 'docs/images', `page-${name}.png`) });
  process.stdout.write(`docs/images/page-${name}.png\n`);
};

const lab = createLab('pic');
const edgedive = await startEdgedive();
const browser = await startBrowser();
try {
  await edgedive.post('/api/capture', { GremlinQuery: `G.V().Has('Name', '${lab.port1}')` });
  await sleep(SETTLE_MS);
  const [port] = await edgedive.query<{ ID: string }[]>(`G.V().Has('Name', '${lab.port1}')`);
  const { page } = await openPage(browser, `${edgedive.url}/#node=${port!.ID}`);
  await page.waitForSelector('.connection.live');
  execFileSync('ip', ['netns', 'exec', lab.vm1, 'ping', '-q', '-c', '10', '-i', '0.1', lab.address2]);
  await take(page, 'network');
  await page.select('.top select', 'dark');
  await page.locator('#tab-query').click();
  await page.type('textarea', "G.V().Has('Type', 'veth')");
  await page.keyboard.press('Enter');
  await take(page, 'query');
} finally {
  await browser.close();
  await edgedive.stop();
  lab.remove();
}
