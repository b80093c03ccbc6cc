/** What somebody looks at in the page, kept under a name: the part of the address behind `#` (docs/page.md). Each principal has their own. */
import { limits } from '../limits.ts';
import { decodeMembers } from '../wire/json-input.ts';

export interface View {
  readonly Name: string;
  /** `#…`. */
  readonly Link: string;
}

/** Throws InputError when the body is no object or a member has the wrong kind. */
export function readView(input: unknown): { readonly view: View } | { readonly errors: readonly string[] } {
  const { Name = '', Link = '' } = decodeMembers(input, { Name: 'string', Link: 'string' });
  const errors: string[] = [];
  if (Name.trim() === '') errors.push('Name: zero value');
  if (Name.length > limits.viewNameCharsMax || !isPlain(Name))
    errors.push(`Name: at most ${limits.viewNameCharsMax} characters, none of them a control character`);
  if (!Link.startsWith('#')) errors.push('Link: begins with #');
  if (Link.length > limits.viewLinkCharsMax || !isPlain(Link))
    errors.push(`Link: at most ${limits.viewLinkCharsMax} characters, none of them a control character`);
  return errors.length > 0 ? { errors } : { view: { Name, Link } };
}

/** No control characters, and no half of a surrogate pair, which no URL can hold. */
function isPlain(text: string): boolean {
  return !/\p{Cc}|\p{Cs}/u.test(text);
}
