/**
 * What it costs to ask who somebody is: the same request to an analyzer that does not ask, and to one that does, with each kind of
 * credential; and what an alert adds to a change of the graph. Rounds of both sides take turns in one run. `--json FILE` writes the rows.
 */
import { writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { startEdgedive, type Analyzer } from '../test/e2e/harness/edgedive.ts';

interface Row {
  readonly what: string;
  readonly medianMs: number;
  readonly baseline: string;
  readonly baselineMs: number;
}

const ROUNDS = 600;
const WARM_UP = 50;
const ALERTS = [100, 1_000];
/** "secret", as htpasswd -B writes it with its usual cost. */
const BCRYPT = '$2y$05$u1EGptQpbljmxTwffDf77eaw0tvJTHT0VW1hQCS9BNEKe9WUGyi5m';
const USERS = JSON.stringify({
  plain: { password: 'secret', roles: ['user'] },
  hashed: { password: BCRYPT, roles: ['user'] },
});

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

async function compare(
  what: string,
  run: () => Promise<unknown>,
  baseline: string,
  base: () => Promise<unknown>,
): Promise<Row> {
  const [own, other]: [number[], number[]] = [[], []];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const ms = [await timed(run), await timed(base)] as const;
    if (round < 0) continue;
    own.push(ms[0]);
    other.push(ms[1]);
  }
  return { what, medianMs: median(own), baseline, baselineMs: median(other) };
}

async function credentials(locked: Analyzer): Promise<Record<string, Record<string, string>>> {
  const basic = (name: string) => ({
    Authorization: `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`,
  });
  const login = await locked.fetch('/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'username=plain&password=secret',
  });
  const { Token: session } = (await login.json()) as { Token: string };
  const made = await locked.fetch('/api/token', {
    method: 'POST',
    headers: basic('plain'),
    body: JSON.stringify({ Name: 'bench' }),
  });
  const { Token: token } = (await made.json()) as { Token: string };
  return {
    'a token': { Authorization: `Bearer ${token}` },
    'a login': { 'X-Auth-Token': session },
    'a password': basic('plain'),
    'a hashed password': basic('hashed'),
  };
}

async function doors(): Promise<Row[]> {
  const open = await startEdgedive({ probe: false });
  const locked = await startEdgedive({
    probe: false,
    args: ['--auth'],
    env: { EDGEDIVE_USERS: USERS, EDGEDIVE_RATE: '0' },
  });
  const ask = async (analyzer: Analyzer, headers: Readonly<Record<string, string>>) => {
    const answer = await analyzer.fetch('/api/config/host_id', { headers });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  };
  try {
    const rows: Row[] = [];
    for (const [what, headers] of Object.entries(await credentials(locked)))
      rows.push(
        await compare(
          `a request with ${what}`,
          () => ask(locked, headers),
          'nobody is asked',
          () => ask(open, {}),
        ),
      );
    return rows;
  } finally {
    await Promise.all([open.stop(), locked.stop()]);
  }
}

async function alerts(): Promise<Row[]> {
  const [without, withThem] = [await startEdgedive({ probe: false }), await startEdgedive({ probe: false })];
  const change = async (analyzer: Analyzer, number: number) => {
    const id = `n${number}`;
    await analyzer.post('/api/node', { ID: id, Metadata: { Name: id, Type: 'device' } });
    await analyzer.fetch(`/api/node/${id}`, { method: 'DELETE' });
  };
  try {
    const rows: Row[] = [];
    let made = 0;
    let number = 0;
    for (const count of ALERTS) {
      for (; made < count; made++)
        await withThem.post('/api/alert', { Expression: `G.V().Has('Name', 'nobody-${made}')` });
      rows.push(
        await compare(
          `adding and deleting a node, ${count} alerts`,
          () => change(withThem, number++),
          'no alerts',
          () => change(without, number++),
        ),
      );
    }
    return rows;
  } finally {
    await Promise.all([without.stop(), withThem.stop()]);
  }
}

/** The exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: 'string' } } });
  const rows = [...(await doors()), ...(await alerts())];
  for (const { what, medianMs, baseline, baselineMs } of rows)
    process.stdout.write(
      `${what.padEnd(42)} ${medianMs.toFixed(2).padStart(8)} ms   ${baseline.padEnd(16)} ${baselineMs.toFixed(2).padStart(8)} ms   ${(medianMs / baselineMs).toFixed(2)} x\n`,
    );
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  return 0;
}
