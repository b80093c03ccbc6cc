/** What commands print. Results go to stdout, everything else to stderr, so that pipes get results only. */
import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

/** Colours only on a terminal, and never with NO_COLOR (no-color.org); styleText knows both. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Indented as the reference's client prints it. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** For people, beside the result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
