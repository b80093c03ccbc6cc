/**
 * How settings are read from the analyzer's variables: what is absent or empty has its default, and so has what cannot be read, which
 * is a fault that whoever starts it by hand is told of.
 */
import { messageOf } from '../errors.ts';
import { parseGoDuration } from '../go-duration.ts';

export interface VariableReader<Name extends string> {
  /** `read` throws for a text that is none. */
  readonly orDefault: <T>(name: Name, read: (text: string) => T, otherwise: T) => T;
  /** `VARIABLE: what was wrong`; then the default holds in its place. */
  readonly faults: readonly string[];
}

export function variableReader<Name extends string>(
  variables: Readonly<Partial<Record<Name, string>>>,
): VariableReader<Name> {
  const faults: string[] = [];
  return {
    faults,
    orDefault: (name, read, otherwise) => {
      const text = variables[name]?.trim() ?? '';
      if (text === '') return otherwise;
      try {
        return read(text);
      } catch (error) {
        faults.push(`${name}: ${messageOf(error)}`);
        return otherwise;
      }
    },
  };
}

/** Whole milliseconds of a Go duration, 0 and more. Throws DurationError or RangeError. */
export function readDurationMs(text: string): number {
  const ms = Math.trunc(parseGoDuration(text));
  if (ms < 0) throw new RangeError(`negative duration "${text}"`);
  return ms;
}
