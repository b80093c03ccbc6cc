/**
 * `npm run cost -- --hosts 1000 --flows-per-host 200 --subscribers 5`: what a fabric costs a month on Cloudflare. Runs some synthetic hosts
 * against an analyzer of its own, reads what that used in its own counters, and multiplies (core/cost/).
 */
import { parseArgs } from 'node:util';
import { measureCost } from '../../bench/cost-run.ts';
import { billOf, type Fabric } from '../../core/cost/model.ts';
import { PRICES_AS_OF } from '../../core/cost/prices.ts';

const USAGE = `usage: npm run cost [-- --hosts N] [--flows-per-host N] [--subscribers N] [--update-seconds S] [--batch FLOWS]
  --hosts N            1000      --shards N         one for 500 hosts unless given
  --flows-per-host N   200       --hubs N           1
  --interfaces N       10        --archive-days D   30
  --subscribers N      5
  --update-seconds S   10        --queries S        queries a second (0.1)
  --batch FLOWS        flow messages in a batch (what a probe sends a second)
  --json               as JSON
`;

const text = { type: 'string' } as const;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: { ...text, default: '1000' },
      'flows-per-host': { ...text, default: '200' },
      interfaces: { ...text, default: '10' },
      subscribers: { ...text, default: '5' },
      'update-seconds': { ...text, default: '10' },
      batch: text,
      shards: text,
      hubs: { ...text, default: '1' },
      'archive-days': { ...text, default: '30' },
      queries: { ...text, default: '0.1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const hosts = number('--hosts', values.hosts);
  const fabric: Fabric = {
    hosts,
    flowsPerHost: number('--flows-per-host', values['flows-per-host']),
    interfacesPerHost: number('--interfaces', values.interfaces),
    updateSeconds: number('--update-seconds', values['update-seconds']),
    subscribers: number('--subscribers', values.subscribers, 0),
    shards: number('--shards', values.shards ?? String(Math.max(1, Math.ceil(hosts / 500)))),
    hubs: number('--hubs', values.hubs),
    archiveDays: number('--archive-days', values['archive-days'], 0),
    queriesPerSecond: number('--queries', values.queries, 0),
  };
  const perSecond = fabric.flowsPerHost / fabric.updateSeconds;
  const batch = number('--batch', values.batch ?? String(Math.max(1, Math.round(perSecond))));
  const measured = await measureCost(fabric, batch);
  const bill = billOf(fabric, measured);
  if (values.json) {
    console.log(JSON.stringify({ fabric, measured, ...bill }, undefined, 2));
    return 0;
  }
  console.log(`measured: ${JSON.stringify(measured)}`);
  console.log(`prices of ${PRICES_AS_OF}; a month of 30 days\n`);
  for (const { component, amount, unit, usd } of bill.lines)
    console.log(
      `${component.padEnd(36)} ${Math.round(amount).toLocaleString('en').padStart(16)} ${unit.padEnd(28)} ${usd.toFixed(2).padStart(9)} USD`,
    );
  console.log(`${'together'.padEnd(36)} ${''.padStart(45)} ${bill.usd.toFixed(2).padStart(9)} USD`);
  console.log(`${hosts} hosts: ${bill.usdPerHost.toFixed(4)} USD a host and month\n`);
  for (const { what, share } of bill.limits)
    console.log(`${(100 * share).toFixed(1).padStart(7)} % of ${what}`);
  return 0;
}

function number(option: string, said: string, least = Number.MIN_VALUE): number {
  const value = Number(said);
  if (Number.isFinite(value) && value >= least) return value;
  console.error(`cost: ${option}: a number above ${least > 0 ? 0 : 'or equal to 0'}, not '${said}'`);
  process.exit(2);
}

process.exitCode = await main(process.argv.slice(2));
