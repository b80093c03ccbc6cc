/**
 * What commands print. Results go to stdout, everything else to stderr, so that pipes get results only. Names and texts of the
 * analyzer are somebody else's: no control character of theirs reaches the terminal, which could be steered by it
 * (colours, the title, the clipboard), and none that turns the direction of writing.
 */
import { randomUUID } from 'node:crypto';
import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

const ESCAPE = '\u001b';
/** Stands for the escape character of our own colours until they are printed; nobody else knows it. */
const OWN_ESCAPE = `\ue000${randomUUID()}\ue001`;
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Colours only on a terminal, and never with NO_COLOR (no-color.org); styleText knows both. */
export function styled(style: Style, text: string): string {
  const [before = '', after = ''] = styleText(style, '\n', { stream: process.stdout }).split('\n');
  return `${before.replaceAll(ESCAPE, OWN_ESCAPE)}${text}${after.replaceAll(ESCAPE, OWN_ESCAPE)}`;
}

/** Without anything that could steer a terminal but line feeds and tabs; `\u001b` is what JSON calls it too. */
export function harmless(text: string): string {
  return text
    .replaceAll(UNSAFE, (character) =>
      character === '\n' || character === '\t' ? character : named(character),
    )
    .replaceAll(OWN_ESCAPE, ESCAPE);
}

function named(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Indented as the reference's client prints it. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function print(text: string): void {
  process.stdout.write(`${harmless(text)}\n`);
}

/** One line, whatever is in it: a line feed in a name begins none. */
export function printLine(line: string): void {
  process.stdout.write(`${harmless(line.replaceAll(/[\n\t]/g, named))}\n`);
}

/** For people, beside the result. */
export function note(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}
