/** What is looked at: the selection, what is open, the search, the panel. It stands in the address, so that a link shows the same. */
import { batch, computed, effect, signal } from '@preact/signals';
import { limits } from '../../core/limits.ts';
import { narrowed, wayUp, type Containment } from '../model/containment.ts';
import { searchNodes } from '../model/search.ts';
import { containment, graph, graphVersion, shapeVersion } from './live.ts';

export const PANELS = ['flows', 'talkers', 'captures', 'query', 'manage'] as const;
export type Panel = (typeof PANELS)[number];

export const selectedId = signal('');
export const searchText = signal('');
export const panel = signal<Panel>('flows');
export const queryText = signal('');
/** Of the flows only those of the selected interface. */
export const isOnlySelected = signal(false);
/** Groups that are open in tree and map. */
export const openIds = signal<ReadonlySet<string>>(new Set());
/** Nodes that a query yielded; undefined for none asked. */
export const highlighted = signal<ReadonlySet<string> | undefined>(undefined);
/** The query that keeps them (marking.ts); '' for what is lit once. */
export const markQuery = signal('');
/** Tree and map have nothing but the highlighted. */
export const isNarrowed = signal(false);

export const selected = computed(() => {
  void graphVersion.value;
  return graph.nodes.get(selectedId.value);
});

/** What the search finds; undefined while nothing is searched. */
export const found = computed(() => {
  void shapeVersion.value;
  if (searchText.value.trim() === '') return undefined;
  return searchNodes(graph.nodes, searchText.value, limits.pageFoundMax);
});

/** What tree and map have. */
export const shown = computed<Containment>(() =>
  isNarrowed.value && highlighted.value !== undefined
    ? narrowed(containment.value, highlighted.value)
    : containment.value,
);

export function toggle(id: string, isOpen: boolean): void {
  const next = new Set(openIds.value);
  if (isOpen) next.add(id);
  else next.delete(id);
  openIds.value = next;
}

/** Selects a node and opens all that hold it. */
export function reveal(id: string): void {
  const [, ...above] = wayUp(containment.value, id);
  batch(() => {
    openIds.value = new Set([...openIds.value, ...above]);
    selectedId.value = id;
  });
}

// A small fabric is shown whole; in a large one everything is closed until somebody opens it.
let isFirst = true;
effect(() => {
  const { roots } = containment.value;
  if (!isFirst || roots.length === 0) return;
  isFirst = false;
  const small = graph.nodes.size <= limits.pageOpenNodesMax;
  const open = small ? [...containment.value.children.keys()] : [];
  const above = wayUp(containment.peek(), selectedId.peek()).slice(1);
  openIds.value = new Set([...open, ...above]);
});

// What is narrowed down is shown open; what somebody closed since stays closed.
let openedBefore: ReadonlySet<string> = new Set();
effect(() => {
  const groups = isNarrowed.value ? [...shown.value.children.keys()] : [];
  const fresh = groups.filter((id) => !openedBefore.has(id));
  openedBefore = new Set(groups);
  if (fresh.length > 0) openIds.value = new Set([...openIds.peek(), ...fresh]);
});

/** ms since 1970; undefined for now. Who shows it goes there (time-bar.tsx). */
export const time = signal<number | undefined>(undefined);
/** The time that the one shown is compared with: ms since 1970, 0 for now; undefined for no comparison. */
export const comparedTime = signal<number | undefined>(undefined);

function timeIn(said: URLSearchParams, name: string): number | undefined {
  const ms = Number(said.get(name) ?? '');
  return said.has(name) && Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined;
}

function readAddress(): void {
  const said = new URLSearchParams(location.hash.slice(1));
  batch(() => {
    time.value = timeIn(said, 'time') || undefined;
    comparedTime.value = timeIn(said, 'compared');
    markQuery.value = said.get('mark') ?? '';
    isNarrowed.value = said.has('only') && markQuery.value !== '';
    selectedId.value = said.get('node') ?? '';
    searchText.value = said.get('search') ?? '';
    queryText.value = said.get('query') ?? '';
    panel.value = PANELS.find((name) => name === said.get('panel')) ?? 'flows';
  });
}

readAddress();
addEventListener('hashchange', readAddress);
effect(() => {
  const say = new URLSearchParams();
  if (selectedId.value !== '') say.set('node', selectedId.value);
  if (searchText.value !== '') say.set('search', searchText.value);
  if (panel.value !== 'flows') say.set('panel', panel.value);
  if (queryText.value !== '') say.set('query', queryText.value);
  if (time.value !== undefined) say.set('time', String(time.value));
  if (comparedTime.value !== undefined) say.set('compared', String(comparedTime.value));
  if (markQuery.value !== '') say.set('mark', markQuery.value);
  if (markQuery.value !== '' && isNarrowed.value) say.set('only', '');
  const hash = say.size === 0 ? '' : `#${say.toString()}`;
  if (hash !== location.hash) history.replaceState(null, '', `${location.pathname}${hash}`);
});
