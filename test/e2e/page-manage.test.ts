/**
 * What the page makes, changes, runs and deletes, in a real browser with a real analyzer: once by keyboard alone, with somebody else writing
 * at the same time, and with less than all rights. What axe finds wrong and what the browser refuses fails each test.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'puppeteer-core';
import { isNetworkChange, openPage, startBrowser } from '../../scripts/browser.ts';
import { accessibilityFaults, skipWithoutChromium, texts } from './harness/browser.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';

interface Alert {
  readonly UUID: string;
  readonly Name: string;
  readonly Trigger: string;
  readonly Action: string;
}

const TABS_MAX = 200;

function hasFocus(page: Page, selector: string): Promise<unknown> {
  return page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`);
}

/** With the Tab key alone. */
async function goByTab(page: Page, selector: string): Promise<void> {
  for (let times = 0; times < TABS_MAX; times++) {
    await page.keyboard.press('Tab');
    if (await hasFocus(page, selector)) return;
  }
  throw new Error(`no way by Tab to ${selector}`);
}

describe.skipIf(skipWithoutChromium())('what the page manages', () => {
  let edgedive: Analyzer;
  let browser: Browser;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    edgedive = await startEdgedive({ probe: false });
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await edgedive?.stop();
  });

  afterEach(async () => {
    // A refusal is told by the browser as well.
    const told = faults.filter((fault) => !isNetworkChange(fault) && !/status of 40\d/.test(fault));
    expect(told).toEqual([]);
    await page.close();
  });

  const open = async (section: string): Promise<void> => {
    ({ page, faults } = await openPage(browser, `${edgedive.url}/#panel=manage`));
    await page.waitForSelector('.connection.live');
    await page.waitForSelector('.panel .bar select');
    await page.select('.panel .bar select', section);
  };
  const shows = (selector: string, wanted: string | RegExp): Promise<void> =>
    eventually(async () => expect((await texts(page, selector)).join('\n')).toMatch(wanted));
  const is = (selector: string): Promise<unknown> => hasFocus(page, selector);
  const tabTo = (selector: string): Promise<void> => goByTab(page, selector);
  const press = async (selector: string): Promise<void> => {
    await tabTo(selector);
    await page.keyboard.press('Enter');
  };
  const write = async (selector: string, text: string): Promise<void> => {
    await tabTo(selector);
    await page.keyboard.down('Control');
    await page.keyboard.press('a');
    await page.keyboard.up('Control');
    await page.keyboard.type(text);
  };
  const click = (label: string): Promise<void> =>
    page.locator(`::-p-aria([name="${label}"][role="button"])`).click();
  const fill = (selector: string, text: string): Promise<void> => page.locator(selector).fill(text);
  const valueOf = (selector: string): Promise<unknown> =>
    page.$eval(selector, (field) => (field as unknown as { value: string }).value);
  const listed = async <One>(path: string): Promise<One[]> =>
    Object.values((await (await edgedive.get(path)).json()) as Record<string, One>);
  const patch = (path: string, operations: readonly object[]): Promise<Response> =>
    edgedive.fetch(path, { method: 'PATCH', body: JSON.stringify(operations) });

  it('makes, changes and deletes an alert by keyboard alone, and says when it fired', async () => {
    await open('Injections');
    await tabTo('.panel .bar select');
    await page.keyboard.type('Alerts');
    await shows('.panel', 'Write below what is to be looked out for');
    await write('form[aria-label="New alert"] input[name=Name]', 'trouble');
    await write('form[aria-label="New alert"] textarea[name=Expression]', "G.V().Has('Name', 'trouble')");
    await press('form[aria-label="New alert"] .more summary');
    await write('form[aria-label="New alert"] textarea[name=Description]', 'of ours');
    await press('form[aria-label="New alert"] button[type=submit]');
    await shows('.panel .list tbody', /trouble.*not yet/s);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await listed('/api/alert')).toMatchObject([{ Name: 'trouble', Description: 'of ours' }]);

    await edgedive.post('/api/node', { ID: 'n1', Metadata: { Name: 'trouble', Type: 'host' } });
    await shows('.panel .list tbody td:nth-child(5)', /\d\d:\d\d/);

    await press('button[aria-label="Edit trouble"]');
    await page.waitForSelector('form[aria-label="Change trouble"]');
    await eventually(async () => expect(await is('form[aria-label="Change trouble"] input')).toBe(true));
    expect(await valueOf('form[aria-label="Change trouble"] textarea[name=Expression]')).toBe(
      "G.V().Has('Name', 'trouble')",
    );
    expect(await accessibilityFaults(page)).toEqual([]);
    await write('form[aria-label="Change trouble"] input[name=Trigger]', 'sometimes');
    await page.keyboard.press('Enter');
    await shows('form[aria-label="Change trouble"] .problem', 'Trigger: ');
    await write('form[aria-label="Change trouble"] input[name=Trigger]', 'duration:30s');
    await page.keyboard.press('Enter');
    await shows('.panel .list tbody', 'duration:30s');
    expect(await is('[role=status]')).toBe(true);
    expect(await listed('/api/alert')).toMatchObject([{ Trigger: 'duration:30s', Description: 'of ours' }]);

    await press('button[aria-label="Delete trouble"]');
    await eventually(async () => expect(await is('.ask button')).toBe(true));
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await eventually(async () => expect(await is('button[aria-label="Delete trouble"]')).toBe(true));
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await is('.ask button')).toBe(true));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await shows('.panel', 'None yet.');
    expect(await is('[role=status]')).toBe(true);
    expect(await listed('/api/alert')).toEqual([]);
  });

  it('loses neither what somebody else changed meanwhile nor what one wrote', async () => {
    const made = await edgedive.post('/api/alert', { Name: 'shared', Expression: 'G.V()' });
    const { UUID } = (await made.json()) as Alert;
    const path = `/api/alert/${UUID}`;
    await open('Alerts');
    await click('Edit shared');
    const form = 'form[aria-label="Change shared"]';
    await page.waitForSelector(form);
    await fill(`${form} input[name=Trigger]`, 'duration:10s');
    await patch(path, [
      { op: 'replace', path: '/Trigger', value: 'duration:99s' },
      { op: 'replace', path: '/Action', value: 'http://theirs.example/' },
    ]);
    await click('Save');
    await shows(`${form} .problem`, 'Trigger is now: duration:99s');
    expect(await valueOf(`${form} input[name=Trigger]`)).toBe('duration:10s');
    expect(await accessibilityFaults(page)).toEqual([]);
    await click('Save');
    await shows('.panel', 'shared is changed.');
    expect(await listed<Alert>('/api/alert')).toMatchObject([
      { Trigger: 'duration:10s', Action: 'http://theirs.example/' },
    ]);

    await click('Edit shared');
    await page.waitForSelector(form);
    await fill(`${form} input[name=Name]`, 'mine');
    await edgedive.fetch(path, { method: 'DELETE' });
    await click('Save');
    await shows(`${form} .problem`, 'Somebody has deleted it meanwhile');
    expect(await valueOf(`${form} input[name=Name]`)).toBe('mine');
    await click('Leave it as it is');
    await shows('.panel', 'None yet.');
  });

  it('says what is refused and keeps what was typed; what the API does not change is taken over into a new one', async () => {
    await open('Injections');
    await fill('.panel input[name=Src]', "G.V().Has('Name', 'nobody')");
    await page.locator('.more summary').click();
    await fill('.panel input[name=TTL]', '3');
    await fill('.panel input[name=SrcMAC]', 'none');
    await click('Create');
    await shows('.panel ul.problem', 'SrcMAC: Not a MAC address');
    await fill('.panel input[name=SrcMAC]', '');
    await click('Create');
    await eventually(async () => {
      const told = (await texts(page, '.panel ul.problem')).join('');
      expect(told).not.toContain('SrcMAC');
      expect(told).not.toBe('');
    });
    expect([await valueOf('input[name=Src]'), await valueOf('input[name=TTL]')]).toEqual([
      "G.V().Has('Name', 'nobody')",
      '3',
    ]);
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.select('.panel .bar select', 'Node rules');
    await fill('.panel input[name=Name]', 'room');
    await fill('.panel input[name=Query]', "G.V().Has('Type', 'host')");
    await fill('.panel input[name=Metadata]', '{"Room": "B12"}');
    await click('Create');
    await shows('.panel .list tbody', /room.*on \d+ node/s);
    await click('Like it: a new node rule with the values of room');
    await eventually(async () => expect(await valueOf('input[name=Metadata]')).toBe('{"Room":"B12"}'));
    expect(await accessibilityFaults(page)).toEqual([]);
    await fill('.panel input[name=Name]', 'room two');
    await click('Create');
    await shows('.panel .list tbody', 'room two');
    expect(await listed('/api/noderule')).toHaveLength(2);
  });

  it('makes a capture with all that one may be asked for, its packet filter checked before it is sent', async () => {
    ({ page, faults } = await openPage(browser, `${edgedive.url}/#panel=captures`));
    await page.waitForSelector('.connection.live');
    const form = 'form[aria-label="New capture"]';
    await page.waitForSelector(form);
    await fill(`${form} input[name=GremlinQuery]`, "G.V().Has('Name', 'eth0')");
    await fill(`${form} input[name=BPFFilter]`, 'tcp prt 443');
    await page.locator(`${form} .more summary`).click();
    await fill(`${form} input[name=HeaderSize]`, '128');
    await fill(`${form} input[name=RawPacketLimit]`, '5');
    await page.locator(`${form} input[name="ExtraLayers.2"]`).click();
    await page.locator(`${form} input[name=IPDefrag]`).click();
    await page.select(`${form} select[name=LayerKeyMode]`, 'L3');
    await click('Capture');
    await shows(`${form} .problem`, 'BPFFilter: Not a valid BPF expression');
    expect(await listed('/api/capture')).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
    await fill(`${form} input[name=BPFFilter]`, 'tcp port 443');
    await click('Capture');
    await shows('.panel .list tbody', 'tcp port 443');
    expect(await listed('/api/capture')).toMatchObject([
      {
        HeaderSize: 128,
        RawPacketLimit: 5,
        ExtraLayers: 2,
        IPDefrag: true,
        LayerKeyMode: 'L3',
        BPFFilter: 'tcp port 443',
      },
    ]);
    await page.locator('.panel .list button[aria-label^="Like it"]').click();
    await eventually(async () => expect(await valueOf(`${form} input[name=HeaderSize]`)).toBe('128'));
    await page.locator('.panel .list button[aria-label^="Delete"]').click();
    await page.locator('.panel .list .danger').click();
    await eventually(async () => expect(await listed('/api/capture')).toEqual([]));
  });

  it('keeps, reads, runs, changes and deletes workflows', async () => {
    await open('Workflows');
    await shows('.panel .list tbody', 'CheckConnectivity');
    await click('Open FlowMatrix');
    await page.waitForSelector('section[aria-label=FlowMatrix]');
    await page.locator('section[aria-label=FlowMatrix] details summary').click();
    await shows('section[aria-label=FlowMatrix] pre', 'function');
    expect(await page.$('button[aria-label="Delete FlowMatrix"]')).toBeNull();
    expect(await accessibilityFaults(page)).toEqual([]);

    await fill('.panel input[name=name]', 'Twice');
    await fill(
      'textarea[name=text]',
      'function (word) {\n  console.log("said", word);\n  if (word === "no") throw new Error("not that");\n  return { word: word + word };\n}',
    );
    await click('Keep');
    await shows('.panel .list tbody', /Twice\s+word/);
    await click('Open Twice');
    const form = 'form[aria-label="Run Twice"]';
    await page.waitForSelector(form);
    await fill(`${form} input`, 'ja');
    await click('Run');
    await shows('.panel .result', '"word": "jaja"');
    await shows('.panel pre[aria-label=Console]', 'said ja');
    expect(await accessibilityFaults(page)).toEqual([]);
    await fill(`${form} input`, 'no');
    await click('Run');
    await shows('.panel .problem', 'not that');
    expect(await valueOf(`${form} input`)).toBe('no');

    await click('Edit Twice');
    const change = 'form[aria-label="Change Twice"] textarea';
    await page.waitForSelector(change);
    await click('Save');
    await shows('.panel', 'Nothing of it is changed.');
    await fill(change, String(await valueOf(change)).replace('Title: ""', 'Title: Says it twice'));
    await click('Save');
    await shows('.panel .list tbody', 'Says it twice');
    expect(await accessibilityFaults(page)).toEqual([]);

    await click('Delete Twice');
    await page.locator('.panel .list .danger').click();
    await shows('.panel', 'Deleted: Twice');
    await eventually(async () => expect((await texts(page, '.panel .list')).join()).not.toContain('Twice'));
  });

  it('takes over a rule, and keeps, runs and deletes a workflow by keyboard alone', async () => {
    for (const { UUID } of await listed<Alert>('/api/noderule'))
      await edgedive.fetch(`/api/noderule/${UUID}`, { method: 'DELETE' });
    await open('Injections');
    await tabTo('.panel .bar select');
    await page.keyboard.type('Node rules');
    await shows('.panel', 'Say below which nodes');
    await write('.panel input[name=Name]', 'one');
    await write('.panel input[name=Query]', "G.V().Has('Type', 'host')");
    await write('.panel input[name=Metadata]', '{"Rack": 7}');
    await page.keyboard.press('Enter');
    await shows('.panel .list tbody', 'one');
    await press('.panel .list button[aria-label^="Like it"]');
    await eventually(async () => expect(await is('.panel input[name=Name]')).toBe(true));
    await page.keyboard.press('End');
    await page.keyboard.type(' more');
    await page.keyboard.press('Enter');
    await shows('.panel .list tbody', 'one more');
    expect(await listed('/api/noderule')).toMatchObject([{ Metadata: { Rack: 7 } }, { Name: 'one more' }]);

    await tabTo('.panel .bar select');
    await page.keyboard.type('Workflows');
    await shows('.panel .list tbody', 'FlowMatrix');
    await write('.panel input[name=name]', 'Keyed');
    await write('.panel textarea[name=text]', '(word) => [word, word]');
    await press('form[aria-label="New workflow"] button[type=submit]');
    await shows('.panel .list tbody', 'Keyed');
    await press('button[aria-label="Open Keyed"]');
    await write('form[aria-label="Run Keyed"] input', 'x');
    await page.keyboard.press('Enter');
    await shows('.panel .result', /\[\s+"x",\s+"x"\s+\]/);
    await press('.workflow details summary');
    await shows('.workflow details pre', 'word');
    await press('button[aria-label="Delete Keyed"]');
    await eventually(async () => expect(await is('.ask button')).toBe(true));
    await press('.danger');
    await shows('.panel', 'Deleted: Keyed');
    expect(await is('[role=status]')).toBe(true);
  });

  it('says why there is no audit trail where nobody has to say who they are', async () => {
    await open('Audit trail');
    await shows('.panel', 'turn authentication on');
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

describe.skipIf(skipWithoutChromium())('what the page manages where rights are asked for', () => {
  const admin = 'a-token-of-somebody-s-own-choice-1234567890';
  let edgedive: Analyzer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const env = { EDGEDIVE_ADMIN_TOKEN: admin };
    edgedive = await startEdgedive({ probe: false, args: ['--auth'], env });
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await edgedive?.stop();
  });

  afterEach(async () => page.browserContext().close());

  const asAdmin = (path: string, method: string, body?: object): Promise<Response> =>
    edgedive.fetch(path, {
      method,
      headers: { Authorization: `Bearer ${admin}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  /** In a browser of its own, without anybody's cookie. */
  const signIn = async (token: string): Promise<void> => {
    const context = await browser.createBrowserContext();
    page = await context.newPage();
    await page.goto(`${edgedive.url}/#panel=manage`);
    await page.waitForSelector('.sign-in');
    await page.type('input[name=token]', token);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel .bar select');
  };
  const rows = (): Promise<string[]> => texts(page, '.panel .list tbody tr');
  const shows = (selector: string, wanted: string | RegExp): Promise<void> =>
    eventually(async () => expect((await texts(page, selector)).join('\n')).toMatch(wanted));
  const click = (label: string): Promise<void> =>
    page.locator(`::-p-aria([name="${label}"][role="button"])`).click();
  const show = async (section: string): Promise<void> => {
    await page.select('.panel .bar select', section);
  };

  it('shows who wrote what, newest first, by page and by what is asked for', async () => {
    await asAdmin('/api/alert', 'POST', { Name: 'recorded', Expression: 'G.V()' });
    for (let index = 0; index < 60; index++) await asAdmin(`/api/capture/none-${index}`, 'DELETE');
    await signIn(admin);
    await show('Audit trail');
    await click('Show');
    await eventually(async () => {
      const found = await rows();
      expect(found).toHaveLength(50);
      expect(found.join('\n')).toMatch(/admin.*DELETE \/api\/capture\/none-59.*failed \(404\)/);
    });
    expect(await accessibilityFaults(page)).toEqual([]);
    await goByTab(page, '.panel button[aria-disabled=false]');
    await page.keyboard.press('Enter');
    await shows('.audit tbody', '/api/capture/none-0\t');
    expect((await rows()).join()).not.toContain('none-59');
    await click('Newer');
    await shows('.audit tbody', '/api/capture/none-59');

    await page.select('.panel form select[name=object]', 'alert');
    await click('Show');
    await eventually(async () => expect(await rows()).toEqual([expect.stringContaining('POST /api/alert')]));
    await page.type('.panel form input[name=user]', 'nobody of that name');
    await page.keyboard.press('Enter');
    await shows('.panel', 'Nothing of this kind was written');
    await page.type('.panel form input[name=since]', 'yesterday');
    await page.keyboard.press('Enter');
    await shows('.panel .problem', 'since: expected RFC 3339');
  });

  it('shows a token once, when it was used, and ends it', async () => {
    await signIn(admin);
    await show('Tokens');
    await page.locator('.panel input[name=Name]').fill('robot');
    await page.locator('input[name=Roles]').fill('guest');
    await page.locator('input[name=ExpiresIn]').fill('soon');
    await click('Create');
    await shows('.panel ul.problem', 'ExpiresIn: ');
    await page.locator('input[name=ExpiresIn]').fill('1h');
    await click('Create');
    await shows('.panel [role=status]', 'shown this once: ');
    await shows('.panel .list tbody', /robot\s+guest\s+token:admin\s+never/);
    const [, token] = /once: (\S+)/.exec((await texts(page, '.panel [role=status]')).join('\n'))!;
    await edgedive.fetch('/api/whoami', { headers: { Authorization: `Bearer ${token}` } });
    await eventually(async () => expect((await rows()).join('\n')).not.toMatch(/robot.*never/));
    expect(await accessibilityFaults(page)).toEqual([]);
    await click('Delete robot');
    await page.locator('.panel .list .danger').click();
    await eventually(async () => expect((await rows()).join('\n')).not.toContain('robot'));
  });

  it('offers nothing that one may not do', async () => {
    await asAdmin('/api/alert', 'POST', { Name: 'seen', Expression: 'G.V()' });
    const wanted = { Name: 'reader', Roles: ['user'], Scopes: ['alert:read', 'workflow:read'] };
    const made = await asAdmin('/api/token', 'POST', wanted);
    await signIn(((await made.json()) as { readonly Token: string }).Token);
    expect(await texts(page, '.panel .bar option')).toEqual(['Alerts', 'Workflows']);
    await shows('.panel .list tbody', 'seen');
    expect(await page.$$('.panel .list button')).toEqual([]);
    expect(await page.$$('.panel form')).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
    await show('Workflows');
    await click('Open FlowMatrix');
    await shows('.workflow summary', 'Source');
    expect(await page.$$('.panel form')).toEqual([]);
  });
});
