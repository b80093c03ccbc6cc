/** The page in a headless Chromium, as tests drive it. */
import axe from 'axe-core';
import type { Page } from 'puppeteer-core';
import { chromiumPath } from '../../../scripts/browser.ts';

/** True, with a word in the output, where there is no browser. */
export function skipWithoutChromium(): boolean {
  const missing = chromiumPath() === undefined;
  if (missing) console.warn('skipped: no chromium here');
  return missing;
}

/** What axe-core finds wrong with what is shown now, one text each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // As a string: the page's own policy lets no script in, the DevTools protocol does.
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as {
    readonly violations: readonly {
      readonly id: string;
      readonly nodes: readonly { readonly html: string }[];
    }[];
  };
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** The text of everything that fits, as it is shown. */
export function texts(page: Page, selector: string): Promise<string[]> {
  return page.$$eval(selector, (found) =>
    // Drawings have no innerText.
    found.map(
      (element) => (element as unknown as { innerText?: string }).innerText ?? element.textContent ?? '',
    ),
  );
}
