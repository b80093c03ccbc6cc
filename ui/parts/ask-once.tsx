/** A button for what cannot be taken back: it asks once, in its place. Escape and the first answer leave everything as it is. */
import { useEffect, useRef, useState } from 'preact/hooks';

export function AskOnce({
  label,
  what,
  act,
}: {
  /** What it does: `Delete`. */
  readonly label: string;
  /** To what, for those who do not see where the button stands. */
  readonly what: string;
  readonly act: () => Promise<void>;
}) {
  const [isAsking, setAsking] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  /** Focus goes along, but not when the page is drawn for the first time. */
  const wasAsking = useRef(false);
  useEffect(() => {
    if (isAsking) keep.current?.focus();
    else if (wasAsking.current) first.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);
  if (!isAsking)
    return (
      <button ref={first} type="button" aria-label={`${label} ${what}`} onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  return (
    <span
      class="ask"
      role="group"
      aria-label={`${label} ${what}?`}
      onKeyDown={({ key }) => key === 'Escape' && setAsking(false)}
    >
      Sure?{' '}
      <button ref={keep} type="button" onClick={() => setAsking(false)}>
        No
      </button>
      <button type="button" class="danger" onClick={() => void act().finally(() => setAsking(false))}>
        {label} it
      </button>
    </span>
  );
}
