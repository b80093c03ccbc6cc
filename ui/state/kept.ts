/** What the page keeps in this browser. Where that is forbidden it works without. */

const PREFIX = 'edgedive.';

export function readKept(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function writeKept(name: string, text: string): void {
  try {
    localStorage.setItem(PREFIX + name, text);
  } catch {
    // Private windows and full stores: nothing is kept.
  }
}
