/** A headless Chromium: the system's own, driven through its DevTools protocol. For tests of the page and for its pictures. */
import { launch, type Browser, type Page } from 'puppeteer-core';
import { which } from './setup/run-step.mjs';

const LOADS_MAX = 5;
const SHOWN_MS_MAX = 10_000;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Where there is one; Debian's comes with the tests' set-up. */
export function chromiumPath(): string | undefined {
  return NAMES.map((name) => which(name)).find((path) => path !== undefined);
}

/** Throws when there is none. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('no chromium here');
  // Root has no sandbox of its own; it shows our own page only.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-prefers-reduced-motion'];
  return launch({ executablePath, args, defaultViewport: { width: 1440, height: 900 } });
}

/** A page whose errors, refused loads and rejected promises are kept, in words. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && origin !== new URL(url).origin)
      faults.push(`asks elsewhere: ${request.url()}`);
  });
  // Chromium gives up what it loads when interfaces come or go, which laboratories beside it do all the time.
  for (let tries = 0; tries < LOADS_MAX; tries++) {
    await page.goto(url).catch((error: unknown) => faults.push(String(error)));
    await page.waitForSelector('#page > *', { timeout: SHOWN_MS_MAX }).catch(() => {});
    if (!faults.some(isNetworkChange)) break;
    faults.splice(0);
  }
  return { page, faults };
}

export function isNetworkChange(fault: string): boolean {
  return fault.includes('ERR_NETWORK_CHANGED');
}
