/**
 * Two habits of Go's JSON encoder that clients of the reference see: `<`, `>`, `&` and the two line separators
 * are escaped inside strings (reference notes, REST section 1), and byte strings are standard base64.
 */
const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** A whole JSON text spelled as Go spells it. These characters occur in JSON only inside strings. */
export function escapeHtml(jsonText: string): string {
  return jsonText.replace(/[<>&\u2028\u2029]/g, (character) => ESCAPES[character] ?? character);
}

/** Bytes as standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  // In pieces, because the number of arguments of a call is bounded.
  for (let at = 0; at < bytes.length; at += 4096)
    binary += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return btoa(binary);
}

/** The bytes of standard base64. Throws when the text is not base64. */
export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
