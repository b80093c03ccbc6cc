/** Now, or another time of the last day: by a slider, or to the minute. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { SinceThen } from './difference.tsx';
import { goTo, pastMs, pastProblem } from '../state/past.ts';
import { time } from '../state/view.ts';

const MINUTE_MS = 60_000;
const MINUTES_MAX = 24 * 60;
/** While somebody moves the slider nothing is asked. */
const SETTLE_MS = 250;

async function follow(): Promise<void> {
  await goTo(time.value);
  // There is no such past.
  if (pastMs.value === undefined) time.value = undefined;
}

export function TimeBar() {
  const now = pastMs.value;
  const [moved, setMoved] = useState<number | undefined>();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const go = (ms: number | undefined): void => {
    setMoved(undefined);
    time.value = ms;
  };
  useEffect(() => {
    void follow();
  }, [time.value]);
  const slide = (minutesAgo: number): void => {
    setMoved(minutesAgo);
    pastProblem.value = '';
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => go(minutesAgo === 0 ? undefined : Date.now() - minutesAgo * MINUTE_MS),
      SETTLE_MS,
    );
  };
  const ago = moved ?? (now === undefined ? 0 : Math.round((Date.now() - now) / MINUTE_MS));
  return (
    <div class={`bar time${now === undefined ? '' : ' past'}`} role="group" aria-label="Time">
      <label>
        Time{' '}
        <input
          type="range"
          min={-MINUTES_MAX}
          max={0}
          step={1}
          value={-Math.min(ago, MINUTES_MAX)}
          aria-valuetext={agoText(ago)}
          onInput={({ currentTarget }) => slide(-Number(currentTarget.value))}
        />
      </label>
      <span role="status">
        {agoText(ago)}
        {now !== undefined && moved === undefined && `: ${new Date(now).toLocaleString()}`}
      </span>
      {now !== undefined && (
        <>
          <button type="button" class="main" onClick={() => go(undefined)}>
            Back to now
          </button>
          <SinceThen key={now} />
        </>
      )}
      <span role="alert" class="problem">
        {pastProblem.value}
      </span>
    </div>
  );
}

function agoText(minutes: number): string {
  if (minutes === 0) return 'now';
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return `${hours > 0 ? `${hours} h ` : ''}${rest} min ago`;
}
