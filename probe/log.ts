/**
 * The probe's log: one short line an event on stderr, in the form `level part: text`, so that it reads well beside
 * the analyzer's in a terminal and under journald alike. Nothing is logged per packet, per flow or per message.
 */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** A log whose lines name the part of the probe that speaks. */
export function createLog(part: string, write: (line: string) => void = writeToStderr): Log {
  const line = (level: string) => (text: string) =>
    write(`${level} ${part}: ${text.replaceAll(/\s*\n\s*/g, ' · ')}\n`);
  return { info: line('info'), warn: line('warn'), error: line('error') };
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}
