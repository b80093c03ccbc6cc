/** Parts that come behind everything else: the page is of use without them. */
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** `load` is asked once; `what` names the part for people. */
export function Lazy({
  load,
  what,
}: {
  readonly load: () => Promise<{ readonly default: FunctionComponent }>;
  readonly what: string;
}) {
  const [Part, setPart] = useState<FunctionComponent>();
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    load().then(
      (loaded) => setPart(() => loaded.default),
      () => setMissing(true),
    );
  }, []);
  if (Part !== undefined) return <Part />;
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
