/** The network on one screen: the tree, the map and the panels below it, the details. */
import { useEffect } from 'preact/hooks';
import { graphProblem, startLive } from '../state/live.ts';
import { panel, PANELS, type Panel } from '../state/view.ts';
import { Captures } from './captures.tsx';
import { Details } from './details.tsx';
import { FlowTable } from './flow-table.tsx';
import { Lazy } from './lazy.tsx';
import { Query } from './query.tsx';
import { Talkers } from './talkers.tsx';
import { TimeBar } from './time-bar.tsx';
import { Tree } from './tree.tsx';

const TITLES: Readonly<Record<Panel, string>> = {
  flows: 'Flows',
  talkers: 'Talkers',
  captures: 'Captures',
  query: 'Query',
  manage: 'Manage',
};

export function Network() {
  useEffect(startLive, []);
  useEffect(() => {
    addEventListener('keydown', shortcuts);
    return () => removeEventListener('keydown', shortcuts);
  }, []);
  return (
    <main class="network">
      {graphProblem.value !== '' && (
        <p role="alert" class="problem">
          {graphProblem.value}
        </p>
      )}
      <Tree />
      <section class="middle" aria-label="Map, flows, captures and queries">
        <TimeBar />
        <div class="map-area">
          <Lazy what="The map" load={() => import('./map.tsx')} />
        </div>
        <Tabs />
      </section>
      <Details />
    </main>
  );
}

/** Keys that are no text: `/` searches, `g` asks. */
function shortcuts(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (/^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
  if (event.key !== '/') return;
  event.preventDefault();
  document.querySelector<HTMLInputElement>('#search')?.focus();
}

function Tabs() {
  const now = panel.value;
  const move = (by: number): void => {
    const next = PANELS[(PANELS.indexOf(now) + by + PANELS.length) % PANELS.length]!;
    panel.value = next;
    document.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <>
      <div
        class="tabs"
        role="tablist"
        aria-label="Panels"
        onKeyDown={({ key }) => {
          if (key === 'ArrowRight') move(1);
          else if (key === 'ArrowLeft') move(-1);
        }}
      >
        {PANELS.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === now}
            aria-controls="panel"
            tabIndex={name === now ? 0 : -1}
            onClick={() => (panel.value = name)}
          >
            {TITLES[name]}
          </button>
        ))}
      </div>
      <div id="panel" class="panel" role="tabpanel" aria-labelledby={`tab-${now}`}>
        {now === 'flows' && <FlowTable />}
        {now === 'talkers' && <Talkers />}
        {now === 'captures' && <Captures />}
        {now === 'query' && <Query />}
        {now === 'manage' && <Lazy what="This panel" load={() => import('./manage.tsx')} />}
      </div>
    </>
  );
}
