/** Parts that come behind everything else: the page is of use without them. */
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** `load` is asked once; `what` names the part for people; `props` go to it. */
export function Lazy<Props extends object = object>({
  load,
  what,
  props,
}: {
  readonly load: () => Promise<{ readonly default: FunctionComponent<Props> }>;
  readonly what: string;
  readonly props?: Props;
}) {
  const [Part, setPart] = useState<FunctionComponent<Props>>();
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    load().then(
      (loaded) => setPart(() => loaded.default),
      () => setMissing(true),
    );
  }, []);
  if (Part !== undefined) return <Part {...(props as Props)} />;
  if (!isMissing) return null;
  return (
    <p class="notice" role="alert">
      {what} could not be loaded.{' '}
      <button type="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </p>
  );
}
