/** How large a value is as JSON, where only a bound matters. */
const encoder = new TextEncoder();

/** Whether the value's JSON has more bytes of UTF-8. */
export function exceedsJsonBytes(value: unknown, bytesMax: number): boolean {
  const text = JSON.stringify(value);
  if (text.length > bytesMax) return true;
  // A character has at most three bytes here: pairs of surrogates have four together.
  return text.length * 3 > bytesMax && encoder.encode(text).length > bytesMax;
}
