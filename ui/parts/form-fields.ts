/** What somebody wrote into a form. */
import { limits } from '../../core/limits.ts';
import { toBase64 } from '../../core/wire/go-json.ts';
import { bytesText } from '../model/figures.ts';

/** Texts without the space around them. */
export function fieldsOf(form: HTMLFormElement): Readonly<Record<string, string>> {
  const texts = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value.trim()] as const] : [],
  );
  return Object.fromEntries(texts);
}

/** Files as well, in base64; texts of several lines as they are. Throws an Error for people when one is larger than a request may be. */
export async function fieldsAndFilesOf(form: HTMLFormElement): Promise<Readonly<Record<string, string>>> {
  const given: Record<string, string> = { ...fieldsOf(form) };
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') {
      if (form.elements.namedItem(name) instanceof HTMLTextAreaElement) given[name] = value;
      continue;
    }
    if (value.size === 0) continue;
    const bytesMax = Math.floor((limits.bodyBytesMax * 3) / 4);
    if (value.size > bytesMax) throw new Error(`${value.name}: larger than ${bytesText(bytesMax)}`);
    given[name] = toBase64(new Uint8Array(await value.arrayBuffer()));
  }
  return given;
}
