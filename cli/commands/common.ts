/** What commands share: the analyzer they speak to, and the readers of their options' values. */
import { InvalidArgumentError, type Command } from 'commander';
import { Analyzer } from '../analyzer.ts';
import { readConnection, type ConnectionOptions } from '../connection.ts';

/** The analyzer that the options before or behind the command name. Throws CommandError `usage`. */
export function analyzerOf(command: Command): Analyzer {
  return new Analyzer(readConnection(command.optsWithGlobals<ConnectionOptions>(), process.env));
}

/** For commander: a whole number of the span. */
export function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

export const UINT32_MAX = 0xffff_ffff;

/** For commander: options that may come several times. */
export function gathered(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** `--ttl` in ms as the header of the API. */
export function ttlHeader(ttlMs: number | undefined): Record<string, string> {
  return ttlMs === undefined || ttlMs === 0 ? {} : { 'X-Resource-TTL': `${ttlMs}ms` };
}

/** Without the members that were not given: the analyzer's defaults hold for them. */
export function given<Members extends object>(members: Members): Given<Members> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Given<Members>;
}

/** What may be undefined may be absent. */
type Given<Members> = {
  [Name in keyof Members as undefined extends Members[Name] ? Name : never]?: Exclude<
    Members[Name],
    undefined
  >;
} & { [Name in keyof Members as undefined extends Members[Name] ? never : Name]: Members[Name] };
