/** Scripts of users: what they get, what they cannot get at, and how they are ended. */
import { describe, expect, test } from 'vitest';
import { limits as bounds } from '../../../core/limits.ts';
import {
  runScript,
  type ApiAnswer,
  type ApiRequest,
  type ScriptLimits,
  type ScriptOutcome,
} from '../../../worker/script/run-script.ts';

interface Options extends Partial<ScriptLimits> {
  readonly args?: readonly unknown[];
  readonly api?: (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>;
}

const echo = (request: ApiRequest): ApiAnswer => ({ status: 200, text: JSON.stringify(request) });

async function run(
  source: string,
  { args = [], api = echo, ...limits }: Options = {},
): Promise<ScriptOutcome> {
  return runScript({
    source,
    args,
    api: async (request) => api(request),
    limits: { timeMs: 5_000, memoryBytes: 16 * 1_048_576, queries: 10, ...limits },
  });
}

/** What the script returned. */
async function result(source: string, options?: Options): Promise<unknown> {
  const outcome = await run(source, options);
  expect(outcome).toMatchObject({ ok: true });
  return outcome.ok ? (JSON.parse(outcome.json) as unknown) : undefined;
}
const failure = (text: unknown, why = 'failed') => ({
  ok: false,
  why,
  text,
  log: expect.any(String) as string,
});

describe('a script', () => {
  test.each([
    ['function (a, b) { return a + b }', [1, 2], 3],
    ['(a, b) => [b, a]', ['x', { y: null }], [{ y: null }, 'x']],
    ['function named() { return named.name }', [], 'named'],
    ['var one = 1;\n(function () { return one })', [], 1],
    ['async function () { await null; return 7 }', [], 7],
    ['function () { return new Promise((done) => done({ then: (next) => next(8) })) }', [], 8],
    ['function () {}', [], null],
    ['() => NaN', [], null],
    ['() => ({ a: 1 / 0, b: undefined, c: () => 1, d: [undefined] })', [], { a: null, d: [null] }],
    ['() => "\\u2028<é😀>"', [], '\u2028<é😀>'],
    ['() => new Date(0)', [], '1970-01-01T00:00:00.000Z'],
    ['function () { return arguments.length } // a comment', [1, 2, 3], 3],
  ])('%s', async (source, args, expected) => {
    expect(await result(source, { args })).toEqual(expected);
  });

  test.each([
    ['() => { throw new Error("boom") }', 'Error: boom'],
    ['() => { throw new TypeError() }', 'TypeError'],
    ['() => { throw "words" }', 'words'],
    ['() => { throw undefined }', 'undefined'],
    ['() => { throw { a: 1 } }', '[object Object]'],
    ['() => { throw Object.create(null) }', 'the script threw something that has no text'],
    ['() => { throw { toString() { throw 1 } } }', 'the script threw something that has no text'],
    ['async () => { throw new RangeError("later") }', 'RangeError: later'],
    ['() => Promise.reject(3)', '3'],
    ['42', 'TypeError: 42 is not a function'],
    ['nothing', expect.stringContaining('ReferenceError')],
    ['() => { const a = []; a[0] = { a }; return a }', expect.stringContaining('TypeError: circular')],
    ['() => 1n', expect.stringContaining('TypeError')],
    ['() => ({ toJSON() { throw new Error("no") } })', 'Error: no'],
    ['() => new Promise(() => {})', expect.stringContaining('nothing will settle')],
  ])('%s fails', async (source, text) => {
    expect(await run(source)).toEqual(failure(text));
  });

  test('that does not compile is told apart', async () => {
    expect(await run('function (')).toEqual(failure(expect.stringContaining('SyntaxError'), 'uncompiled'));
  });

  test('says things', async () => {
    const outcome = await run(
      '() => { console.log("a", 1, { b: [2] }, null, undefined); console.error(new Error("c")) }',
    );
    expect(outcome.log).toBe('a 1 {"b":[2]} null undefined\nError: c\n');
    const much = await run('() => { for (let i = 0; i < 1e4; i++) console.log("much") }');
    expect(much.log).toHaveLength(bounds.scriptLogCharsMax);
  });

  test('sleeps, and its promises go on meanwhile', async () => {
    const api = async (): Promise<ApiAnswer> => {
      await scheduler.wait(10);
      return { status: 200, text: '[]' };
    };
    const source = `async () => {
      const said = [];
      const asked = client.request('/api/capture').then(() => said.push('asked'));
      sleep(50);
      said.push('slept');
      await asked;
      return said;
    }`;
    expect(await result(source, { api })).toEqual(['slept', 'asked']);
  });
});

describe('the API of a script', () => {
  const said = (...answers: readonly ApiAnswer[]) => {
    const requests: ApiRequest[] = [];
    return {
      requests,
      api: (request: ApiRequest): ApiAnswer => {
        requests.push(request);
        return answers[requests.length - 1] ?? { status: 200, text: '{}' };
      },
    };
  };

  test('request gives the text, or throws the refusal', async () => {
    const { api, requests } = said({ status: 200, text: 'text' }, { status: 404, text: 'no such\n' });
    const source = `() => {
      const got = request('/api/x', 'POST', { a: 1 });
      try { request('/api/y', 'GET') } catch (error) { return [got, String(error)] }
    }`;
    expect(await result(source, { api })).toEqual(['text', 'Error: no such']);
    expect(requests).toEqual([
      { method: 'POST', url: '/api/x', body: '{"a":1}' },
      { method: 'GET', url: '/api/y', body: '' },
    ]);
  });

  test('Gremlin gives JSON text, G what it says', async () => {
    const rows = { status: 200, text: '[{"ID":"a"}]' };
    const { api, requests } = said(rows, rows, rows, { status: 400, text: 'bad query' });
    const source = `async () => [
      Gremlin('G.V()'),
      await G.V().Has('Name', Regex('e.*'), 'MTU', GT(1.5), "q'\\"\\\\\\n", true),
      G.V().result()[0].ID,
      await G.E().then((list) => list.length, (error) => error.message),
    ]`;
    expect(await result(source, { api })).toEqual([rows.text, [{ ID: 'a' }], 'a', 'bad query']);
    expect(requests.map(({ body }) => (JSON.parse(body) as { GremlinQuery: string }).GremlinQuery)).toEqual([
      'G.V()',
      String.raw`G.V().Has('Name', Regex('e.*'), 'MTU', GT(1.5), 'q\'\"\\\u000a', true)`,
      'G.V()',
      'G.E()',
    ]);
  });

  test('a graph and the first path are unwrapped', async () => {
    const { api } = said(
      { status: 200, text: '[{"Nodes":[1],"Edges":null}]' },
      { status: 200, text: '[[{"ID":"a"},{"ID":"b"}]]' },
    );
    const source = "async () => [(await G).Nodes, (await G.V().ShortestPathTo(Metadata('a', 'b'))).length]";
    expect(await result(source, { api })).toEqual([[1], 2]);
  });

  test('resources are listed, made, changed and deleted', async () => {
    const { api, requests } = said({ status: 201, text: '{"UUID":"u/1","Count":0}' });
    const source = `async () => {
      const made = await client.captures.create(new Capture({ GremlinQuery: 'G' }));
      await client.captures.list();
      await alerts.update(made, [{ op: 'add' }]);
      await client.captures.delete(made.UUID);
      return [made, made instanceof Capture];
    }`;
    expect(await result(source, { api })).toEqual([{ GremlinQuery: 'G', UUID: 'u/1', Count: 0 }, true]);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /api/capture',
      'GET /api/capture',
      'PATCH /api/alert/u%2F1',
      'DELETE /api/capture/u%2F1',
    ]);
  });

  test('an API that fails is an error of the script', async () => {
    const api = (): ApiAnswer => {
      throw new Error('broken');
    };
    expect(await run('() => request("/api/x")', { api })).toEqual(failure('Error: broken'));
  });
});

describe('what a script cannot get at', () => {
  test.each([
    ['process', "this.constructor.constructor('return typeof process')()"],
    ['fetch', "(0, eval)('typeof fetch')"],
    ['require', 'typeof require'],
    ['Worker’s globals', 'typeof WebSocket + typeof caches + typeof scheduler + typeof WebAssembly'],
    ['our only function', 'typeof ask + typeof globalThis.ask'],
  ])('%s', async (_, expression) => {
    expect(await result(`function () { return ${expression} }`)).toMatch(/^(?:undefined)+$/);
  });

  test('modules', async () => {
    expect(await run("async () => import('cloudflare:workers')")).toMatchObject({ ok: false, why: 'failed' });
  });

  test('others: what one breaks is whole for the next', async () => {
    const pollute = `() => {
      Object.prototype.polluted = 1;
      Array.prototype.map = JSON.parse = JSON.stringify = Promise.prototype.then = () => 'mine';
      return { fine: true };
    }`;
    expect(await result(pollute)).toEqual({ fine: true });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(await result('() => [({}).polluted === undefined, [1].map(String)]')).toEqual([true, ['1']]);
  });

  test('our side: requests that a script has spoilt are its own errors', async () => {
    const spoil = 'Array.prototype.toJSON = () => undefined;';
    expect(await run(`() => { ${spoil} return request('/api/x') }`)).toMatchObject({
      ok: false,
      why: 'failed',
    });
    expect(await run(`async () => { ${spoil} return client.request('/api/x') }`)).toMatchObject({
      ok: false,
      why: 'failed',
    });
  });

  test('the result of a script is JSON whatever it breaks', async () => {
    const source = `() => { String.prototype.toJSON = () => '<'; Object.prototype.toJSON = () => 'x'; return ['a'] }`;
    expect(await result(source)).toBe('x');
  });

  test('answers to others: 50 at once each get their own', async () => {
    const api = async ({ body }: ApiRequest): Promise<ApiAnswer> => {
      await scheduler.wait(Number(body) % 7);
      return { status: 200, text: body };
    };
    const calls = Array.from({ length: 50 }, (_, i) =>
      result(
        `async (i) => { globalThis.mine = i; const a = await client.request('/x', 'POST', String(i)); sleep(3); return [a, mine] }`,
        {
          args: [i],
          api,
        },
      ),
    );
    expect(await Promise.all(calls)).toEqual(calls.map((_, i) => [String(i), i]));
  });
});

describe('limits', () => {
  const soon = { timeMs: 300 };
  const late = failure(expect.stringContaining('ran longer than 300 ms'), 'limit');

  test.each([
    ['an endless loop', '() => { for (;;); }'],
    ['one that catches', '() => { for (;;) try { for (;;); } catch {} }'],
    ['while it compiles its function', '(() => { for (;;); })()'],
    ['a chain of promises', 'async () => { for (;;) await null; }'],
    [
      'jobs that make jobs',
      '() => { const f = () => { queueMicrotask(f); queueMicrotask(f) }; f(); return new Promise(() => {}) }',
    ],
    ['a search over nothing', '() => [].indexOf.call({ length: 2 ** 53 - 1 }, 1)'],
    ['a search for a text', "() => 'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b')"],
    ['an array that joins', '() => new Array(2 ** 32 - 1).indexOf(0)'],
    ['large integers', '() => { let n = 3n; for (;;) n = (n * n) % (1n << 500000n) }'],
    ['JSON again and again', "() => { const t = '[' + '1,'.repeat(1e4) + '1]'; for (;;) JSON.parse(t) }"],
    ['a sleep', '() => { sleep(1e9) }'],
    ['a bad regular expression', "() => /^(a+)+$/.test('a'.repeat(64) + 'b')"],
    ['a getter of the result', '() => ({ get a() { for (;;); } })'],
    ['a text of what is thrown', '() => { throw { toString() { for (;;); } } }'],
    ['an answer that does not come', '() => request("/api/x")'],
  ])('time ends %s', async (_, source) => {
    const api = async (): Promise<ApiAnswer> => new Promise(() => undefined);
    const outcome = await run(source, { ...soon, api });
    // So many jobs may need all memory first.
    if (source.includes('queueMicrotask')) expect(outcome).toMatchObject({ ok: false });
    else expect(outcome).toEqual(late);
  });

  test('others have their turn while a script computes', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await run('() => { for (;;); }', soon);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  test.each([
    ['texts', "() => { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length) }"],
    ['one array', '() => new Uint8Array(1e9)'],
    ['doubling', "() => { let a = 'x'; for (;;) a += a }"],
    ['objects', '() => { let a = {}; for (;;) a = { a } }'],
  ])('memory: %s', async (_, source) => {
    expect(await run(source)).toMatchObject({ ok: false });
  });

  test('memory that was caught may be used again', async () => {
    const source =
      "() => { try { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length) } catch (e) { return String(e) } }";
    expect(await result(source)).toBe('InternalError: out of memory');
  });

  test.each([
    ['a function', '() => { const f = () => f(); f() }'],
    ['a result', '() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a }'],
    ['a source', `() => (0, eval)('('.repeat(1e5))`],
    ['a regular expression', "() => new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5))"],
    ['JSON', "() => JSON.parse('['.repeat(1e6))"],
  ])('depth: %s', async (_, source) => {
    expect(await run(source)).toMatchObject({
      ok: false,
      text: expect.stringMatching(/stack|memory/) as string,
    });
  });

  test('depth: proxies, where the interpreter finds no words', async () => {
    const source = '() => { let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.a }';
    expect(await run(source)).toMatchObject({ ok: false });
  });

  test('memory of all together', async () => {
    // Each is within its own limit, and then stands still with what it has.
    const hoard =
      "() => { const a = []; for (let i = 0; i < 250; i++) a.push('x'.repeat(1e5) + i); sleep(400); return a.length }";
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => run(hoard, { memoryBytes: 32 * 1_048_576 })),
    );
    const ended = outcomes.filter(({ ok }) => !ok);
    expect(ended.length).toBeGreaterThan(0);
    expect(ended.length).toBeLessThan(8);
    for (const one of ended)
      expect(one).toEqual(failure(expect.stringContaining('all scripts together'), 'limit'));
    expect(await result(hoard, { memoryBytes: 32 * 1_048_576 })).toBe(250);
  });

  test('requests', async () => {
    let asked = 0;
    const api = (): ApiAnswer => {
      asked++;
      return { status: 200, text: '[]' };
    };
    const stubborn = '() => { for (;;) try { Gremlin("G") } catch {} }';
    expect(await run(stubborn, { api, queries: 5 })).toEqual(
      failure(expect.stringContaining('more than 5 times'), 'limit'),
    );
    expect(asked).toBe(5);
    const together = 'async () => Promise.all(Array.from({ length: 9 }, () => G.V()))';
    expect(await run(together, { api, queries: 5 })).toMatchObject({ why: 'limit' });
  });

  test('the result', async () => {
    const source = (chars: number): string => `() => 'x'.repeat(${chars})`;
    expect(await run(source(bounds.scriptResultCharsMax))).toEqual(
      failure(expect.stringContaining('the result has more than'), 'limit'),
    );
    expect(await run(source(bounds.scriptResultCharsMax - 2))).toMatchObject({ ok: true });
  });

  test('the text of an error', async () => {
    const outcome = await run("() => { throw 'x'.repeat(1e6) }");
    expect(outcome).toMatchObject({ text: expect.stringMatching(/^x{4096}…$/) as string });
  });
});
