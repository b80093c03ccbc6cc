/**
 * Durations in Go's notation (`1h2m3.5s`, units ns us µs ms s m h), as the header X-Resource-TTL, alert triggers and
 * Gremlin times carry them. Same language and same error texts as Go's `time.ParseDuration`, because clients
 * of the reference print these texts.
 */

/** A refused duration; `message` is Go's text. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3, // U+00B5, micro sign
  μs: 1e3, // U+03BC, Greek letter mu
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go keeps a duration in 64 signed bits of nanoseconds: about 292 years. */
const NANOSECONDS_MAX = 2 ** 63;

/** The text in quotes, spelled as Go's time package spells it. */
function quote(text: string): string {
  let out = '"';
  for (const character of text) {
    if (character === '"' || character === '\\') out += `\\${character}`;
    else if (character < ' ' || character > '~') {
      for (const byte of new TextEncoder().encode(character))
        out += `\\x${byte.toString(16).padStart(2, '0')}`;
    } else out += character;
  }
  return `${out}"`;
}

/**
 * Milliseconds (with a fraction below 1 ms) of a Go duration; a leading sign is allowed.
 * Throws DurationError: `time: invalid duration "x"`, `time: missing unit in duration "5"`,
 * `time: unknown unit "y" in duration "5y"`.
 */
export function parseGoDuration(text: string): number {
  const invalid = (): DurationError => new DurationError(`time: invalid duration ${quote(text)}`);
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  let rest = text.slice(sign.length);
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let nanoseconds = 0;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest)!;
    if ((number[1] ?? '') === '' && (number[2] ?? '') === '') throw invalid();
    rest = rest.slice(number[0].length);
    const unit = /^[^.\d]*/.exec(rest)![0];
    if (unit === '') throw new DurationError(`time: missing unit in duration ${quote(text)}`);
    rest = rest.slice(unit.length);
    const scale = Object.hasOwn(NANOSECONDS, unit) ? NANOSECONDS[unit]! : undefined;
    if (scale === undefined)
      throw new DurationError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    // What is below a nanosecond is cut off, as Go does.
    nanoseconds += Math.trunc(Number(`${number[1] || '0'}.${number[2] || '0'}`) * scale);
    if (nanoseconds > NANOSECONDS_MAX || (nanoseconds === NANOSECONDS_MAX && sign !== '-')) throw invalid();
  }
  return (sign === '-' ? -nanoseconds : nanoseconds) / 1e6;
}
