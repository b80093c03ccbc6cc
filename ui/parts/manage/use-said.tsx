/** What became of it, told where focus goes: the button that it came from may be gone. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export function useSaid(): { readonly say: (text: string) => void; readonly saying: VNode } {
  const [{ text, times }, setSaid] = useState({ text: '', times: 0 });
  const place = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (times > 0) place.current?.focus();
  }, [times]);
  return {
    say: (said) => setSaid((before) => ({ text: said, times: before.times + 1 })),
    saying: (
      <p ref={place} role="status" tabIndex={-1}>
        {text}
      </p>
    ),
  };
}
