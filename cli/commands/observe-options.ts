/** The flags of `flows observe`: values of one flag are alternatives, `--not` in front of a flag turns it around. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { FlowFilter, FlowFlags } from '../flow-filter.ts';
import { OUTPUTS, type Output } from '../flow-printer.ts';
import { integer } from './common.ts';

export const LAST_DEFAULT = 20;
export const LAST_MAX = 1_000_000;

export interface ObserveOptions extends FlowFilter {
  readonly follow?: boolean;
  readonly last?: number;
  readonly first?: number;
  readonly all?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly node?: string;
  readonly namespace?: string;
  readonly color: 'auto' | 'always' | 'never';
  readonly output: Output;
}

type ListFlag = Exclude<keyof FlowFlags, 'gremlin'>;

/** The flag, its attribute, what it says. */
const TEXT_FLAGS: readonly (readonly [flags: string, name: ListFlag, about: string])[] = [
  ['--ip <address>', 'ip', 'at either end; an address or 10.0.0.0/8'],
  ['--from-ip <address>', 'fromIp', 'at end A, which began'],
  ['--to-ip <address>', 'toIp', 'at end B'],
  ['--mac <mac>', 'mac', 'at either end'],
  ['--protocol <name>', 'protocol', 'tcp, udp, sctp, icmp, dns, arp, …'],
  ['--application <name>', 'application', 'as flows name it'],
  ['--capture <uuid>', 'capture', 'of these captures'],
];
const PORT_FLAGS: readonly (readonly [flags: string, name: ListFlag, about: string])[] = [
  ['--port <port>', 'port', 'at either end'],
  ['--from-port <port>', 'fromPort', 'at end A'],
  ['--to-port <port>', 'toPort', 'at end B'],
];
const PORT = integer(0, 65_535);

export function observeCommand(run: (options: ObserveOptions, self: Command) => Promise<void>): Command {
  const command = new Command('observe')
    .description('the last flows, or with -f every update as it happens')
    .option('-f, --follow', 'go on with what comes')
    .option('--last <n>', `the flows heard of last (${LAST_DEFAULT}; 0 with -f)`, integer(0, LAST_MAX))
    .option('--first <n>', 'the flows heard of first', integer(0, LAST_MAX))
    .option('--all', 'all there are')
    .option('--since <moment>', 'flows seen since: 5m, 2026-01-31T12:00:00Z, seconds since 1970')
    .option('--until <moment>', 'flows that began before; with -f, when to end')
    .option('--not', 'turns the next of the flags below around');
  const excluded = filterFlags(command);
  return command
    .option('--node <name>', 'captured on nodes of this name, or on what a Gremlin query selects')
    .option('--namespace <name>', 'captured inside network namespaces of this name')
    .option('--gremlin <steps>', 'further steps: "Has(\'Metric.ABBytes\', GT(1000000))"')
    .addOption(new Option('-o, --output <form>').choices(OUTPUTS).default('compact'))
    .addOption(new Option('--color <when>').choices(['auto', 'always', 'never']).default('auto'))
    .action(async ({ not: _flag, ...options }: ObserveOptions & { not?: unknown }, self: Command) => {
      if (excluded.isOpen()) throw new InvalidArgumentError('--not stands in front of a flag');
      await run({ ...options, not: excluded.flags }, self);
    });
}

/** Adds the flags that select flows; what stood behind `--not` is gathered apart. */
function filterFlags(command: Command): { readonly flags: FlowFlags; isOpen(): boolean } {
  const flags: Partial<Record<ListFlag, (string | number)[]>> = {};
  let isNot = false;
  command.on('option:not', () => (isNot = true));
  const add = (
    [spelling, name, about]: readonly [string, ListFlag, string],
    read: (text: string) => string | number,
  ): void => {
    const take = (text: string, before: readonly (string | number)[] = []): (string | number)[] => {
      const values = text.split(',').map((one) => read(one.trim()));
      if (!isNot) return [...before, ...values];
      isNot = false;
      (flags[name] ??= []).push(...values);
      return [...before];
    };
    command.option(spelling, `${about}; repeatable, or with commas`, take);
  };
  for (const flag of TEXT_FLAGS) add(flag, (text) => text);
  for (const flag of PORT_FLAGS) add(flag, PORT);
  return { flags: flags as FlowFlags, isOpen: () => isNot };
}
