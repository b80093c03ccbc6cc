/** What somebody keeps of their own beside the graph: saved views, favourite queries, how a table is shown. The analyzer never looks into it. */
import type { Json } from './graph/element.ts';
import { limits } from './limits.ts';

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** What is wrong with the name; undefined for nothing. */
export function nameFault(name: string): string | undefined {
  return NAME.test(name)
    ? undefined
    : 'a preference has a name of letters, digits, `_`, `.` and `-`, at most 64';
}

/** As it is kept: JSON in ASCII, because it travels in a header. Undefined when it is too long. */
export function keptText(value: Json): string | undefined {
  const text = JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length <= limits.preferenceCharsMax ? text : undefined;
}
