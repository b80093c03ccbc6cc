/**
 * XML as programs write it for themselves: elements, attributes, text, comments; no document types, no namespaces.
 * Every byte is looked at once; what is not well formed is refused whole.
 */
import { SourceError } from './source.ts';

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Of the element itself, trimmed. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const DEPTH_MAX = 64;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
/** One piece of markup at a time: comment, instruction, closing tag, or opening tag. */
const MARKUP =
  /<!--[^]*?-->|<\?[^]*?\?>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The root. Throws SourceError. */
export function readXml(text: string): XmlElement {
  const root: Open = { name: '', attributes: new Map(), children: [], text: '' };
  const path: Open[] = [root];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const here = path.at(-1)!;
    here.text += unescape(text.slice(at, next < 0 ? undefined : next));
    if (next < 0) break;
    MARKUP.lastIndex = next;
    const match = MARKUP.exec(text);
    if (match === null) throw new SourceError(`no XML: ${text.slice(next, next + 40)}`);
    at = MARKUP.lastIndex;
    const [, closed, opened, attributes = '', isEmpty] = match;
    if (closed !== undefined) close(path, closed);
    else if (opened !== undefined) {
      path.push({ name: opened, attributes: attributesOf(attributes), children: [], text: '' });
      if (path.length > DEPTH_MAX) throw new SourceError('XML nested too deep');
      if (isEmpty === '/') close(path, opened);
    }
  }
  const [element, ...others] = root.children;
  if (path.length > 1 || element === undefined || others.length > 0 || root.text.trim() !== '')
    throw new SourceError('no XML: it has not one root');
  return element;
}

function close(path: Open[], name: string): void {
  const element = path.pop()!;
  const parent = path.at(-1);
  if (parent === undefined || element.name !== name)
    throw new SourceError(`no XML: </${name}> closes nothing`);
  parent.children.push({ ...element, text: element.text.trim() });
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE))
    attributes.set(name!, unescape(double ?? single ?? ''));
  return attributes;
}

function unescape(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));/g, (...groups) => {
    const [whole, decimal, hex, name] = groups as [string, ...(string | undefined)[]];
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : '';
  });
}

/** The first element down this path of names. */
export function findIn(element: XmlElement | undefined, ...names: readonly string[]): XmlElement | undefined {
  let found = element;
  for (const name of names) found = found?.children.find((child) => child.name === name);
  return found;
}

/** "" when there is none. */
export function attributeOf(element: XmlElement | undefined, name: string): string {
  return element?.attributes.get(name) ?? '';
}
