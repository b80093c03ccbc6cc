/** Now, or another time: by a slider over as much of the past as is chosen, or to the minute. And what differs between two times. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Comparison } from './difference.tsx';
import { agoText, localInput, readLocalInput } from '../model/times.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { compared, compareWith, goTo, pastMs, pastProblem } from '../state/past.ts';
import { comparedTime, time } from '../state/view.ts';

const MINUTE_MS = 60_000;
/** While somebody moves the slider nothing is asked. */
const SETTLE_MS = 250;
/** How far the slider goes back: minutes, and the minutes of one step. */
const SPANS = {
  hour: { title: 'the last hour', minutes: 60, step: 1 },
  day: { title: 'the last day', minutes: 24 * 60, step: 1 },
  week: { title: 'the last week', minutes: 7 * 24 * 60, step: 10 },
  month: { title: 'the last 30 days', minutes: 30 * 24 * 60, step: 60 },
  year: { title: 'the last year', minutes: 365 * 24 * 60, step: 360 },
} as const;
type Span = keyof typeof SPANS;
const SPAN = 'timeSpan';
const isSpan = (name: string | null): name is Span => name !== null && Object.hasOwn(SPANS, name);

/** Follows the two times of the address. */
async function follow(): Promise<void> {
  if (time.value !== pastMs.value) await goTo(time.value);
  // There is no such past.
  if (pastMs.value === undefined) time.value = undefined;
  if (comparedTime.value === undefined && compared.value === undefined) return;
  if (!(await compareWith(comparedTime.value))) comparedTime.value = undefined;
}

export function TimeBar() {
  const now = pastMs.value;
  const [moved, setMoved] = useState<number | undefined>();
  const [span, setSpan] = useState<Span>(() => {
    const kept = readKept(SPAN);
    return isSpan(kept) ? kept : 'day';
  });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const go = (ms: number | undefined): void => {
    setMoved(undefined);
    time.value = ms;
  };
  useEffect(() => {
    void follow();
  }, [time.value, comparedTime.value]);
  const slide = (minutesAgo: number): void => {
    setMoved(minutesAgo);
    pastProblem.value = '';
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => go(minutesAgo === 0 ? undefined : Date.now() - minutesAgo * MINUTE_MS),
      SETTLE_MS,
    );
  };
  const { minutes, step } = SPANS[span];
  const ago = moved ?? (now === undefined ? 0 : Math.round((Date.now() - now) / MINUTE_MS));
  const said = ago === 0 && now !== undefined ? 'less than a minute ago' : agoText(ago);
  return (
    <div class={`bar time${now === undefined ? '' : ' past'}`} role="group" aria-label="Time">
      <label>
        Time{' '}
        <input
          type="range"
          min={-minutes}
          max={0}
          step={step}
          value={-Math.min(ago, minutes)}
          aria-valuetext={said}
          onInput={({ currentTarget }) => slide(-Number(currentTarget.value))}
        />
      </label>
      <span role="status">
        {said}
        {now !== undefined && moved === undefined && `: ${new Date(now).toLocaleString()}`}
      </span>
      {now !== undefined && (
        <>
          <button type="button" class="main" onClick={() => go(undefined)}>
            Back to now
          </button>
          <button type="button" onClick={() => (comparedTime.value = 0)}>
            What changed since
          </button>
        </>
      )}
      <Times span={span} setSpan={setSpan} go={go} />
      <Comparison />
      <span role="alert" class="problem">
        {pastProblem.value}
      </span>
    </div>
  );
}

/** How far back the slider goes, and times to the second. */
function Times({
  span,
  setSpan,
  go,
}: {
  readonly span: Span;
  readonly setSpan: (span: Span) => void;
  readonly go: (ms: number) => void;
}) {
  return (
    <details class="menu">
      <summary>Times</summary>
      <div class="menu-body">
        <label>
          The slider is{' '}
          <select
            value={span}
            onChange={({ currentTarget: { value } }) => {
              if (!isSpan(value)) return;
              writeKept(SPAN, value);
              setSpan(value);
            }}
          >
            {Object.entries(SPANS).map(([name, { title }]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <Moment title="Show" ms={time.value} onMoment={go} />
        <Moment
          title="Compare with"
          ms={comparedTime.value || undefined}
          onMoment={(ms) => (comparedTime.value = ms)}
        />
      </div>
    </details>
  );
}

/** A time of the past in a form of its own. */
function Moment({
  title,
  ms,
  onMoment,
}: {
  readonly title: string;
  readonly ms: number | undefined;
  readonly onMoment: (ms: number) => void;
}) {
  return (
    <form
      class="line"
      onSubmit={(event) => {
        event.preventDefault();
        const { value } = event.currentTarget.querySelector('input')!;
        const read = readLocalInput(value);
        if (read !== undefined) onMoment(read);
      }}
    >
      <label>
        {title}
        <input
          type="datetime-local"
          step="1"
          required
          max={localInput(Date.now())}
          defaultValue={localInput(ms ?? Date.now())}
        />
      </label>
      <button type="submit">{title}</button>
    </form>
  );
}
