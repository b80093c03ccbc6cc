/** Times as people read and write them, in the zone of the browser. */

/** `2026-11-27T18:05:09`, as an input of type datetime-local has it. */
export function localInput(ms: number): string {
  const here = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return here.toISOString().slice(0, 19);
}

/** ms since 1970; undefined for what is no time. */
export function readLocalInput(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return text === '' || Number.isNaN(ms) ? undefined : ms;
}

/** The two largest units that there are. */
export function agoText(minutes: number): string {
  if (minutes === 0) return 'now';
  const [days, hours, rest] = [Math.floor(minutes / 1_440), Math.floor((minutes % 1_440) / 60), minutes % 60];
  const parts = [days > 0 ? `${days} d` : '', hours > 0 ? `${hours} h` : '', rest > 0 ? `${rest} min` : ''];
  return `${parts
    .filter((part) => part !== '')
    .slice(0, 2)
    .join(' ')} ago`;
}
