/** The version of this program, for people: from the package it is part of. */
import { readFileSync } from 'node:fs';

/** "" when the package file is not there. */
export function probeVersion(): string {
  try {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    return (JSON.parse(text) as { version?: string }).version ?? '';
  } catch {
    return '';
  }
}
