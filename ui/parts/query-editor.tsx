/** The box for a query: what is wrong is underlined while it is written, and what may stand at the caret is offered. */
import { useRef, useState } from 'preact/hooks';
import type { Completion } from '../../core/gremlin/complete.ts';
import { graph } from '../state/live.ts';
import { queryText } from '../state/view.ts';
import type { Mistake } from './query-mistake.ts';

const OFFERED_MAX = 12;
const KEYS_OF_NODES_MAX = 500;

/** What is offered stands below it: arrows choose, Tab or Enter takes, Escape sends away. */
export function Editor({
  text,
  mistake,
  run,
}: {
  readonly text: string;
  readonly mistake: Mistake | undefined;
  readonly run: () => Promise<void>;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [offer, setOffer] = useState<Completion | undefined>();
  const [at, setAt] = useState(0);
  const take = (word: string): void => {
    if (offer === undefined) return;
    queryText.value = `${text.slice(0, offer.from)}${word}${text.slice(offer.to)}`;
    setOffer(undefined);
    const caret = offer.from + word.length;
    requestAnimationFrame(() => area.current?.setSelectionRange(caret, caret));
  };
  const onInput = async ({ value, selectionStart }: HTMLTextAreaElement): Promise<void> => {
    queryText.value = value;
    const found = await completionOf(value, selectionStart);
    if (queryText.peek() !== value) return;
    setAt(0);
    setOffer(found);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const words = offer?.words.slice(0, OFFERED_MAX) ?? [];
    const isTaking = event.key === 'Tab' || event.key === 'Enter';
    if (words.length > 0 && isTaking && !event.shiftKey) take(words[at] ?? '');
    else if (words.length > 0 && event.key === 'ArrowDown') setAt((at + 1) % words.length);
    else if (words.length > 0 && event.key === 'ArrowUp') setAt((at + words.length - 1) % words.length);
    else if (words.length > 0 && event.key === 'Escape') setOffer(undefined);
    else if (event.key === 'Enter' && !event.shiftKey) void run();
    else return;
    event.preventDefault();
  };
  const words = offer?.words.slice(0, OFFERED_MAX) ?? [];
  return (
    <div class="editor">
      <Underlined text={text} at={mistake?.offset} />
      <textarea
        ref={area}
        rows={2}
        spellcheck={false}
        aria-label="Gremlin query"
        aria-describedby="mistake"
        aria-invalid={mistake !== undefined}
        aria-autocomplete="list"
        aria-controls="offered"
        aria-activedescendant={words.length > 0 ? `offer-${at}` : undefined}
        placeholder="G.V().Has('Type', 'netns')"
        value={text}
        onInput={({ currentTarget }) => void onInput(currentTarget)}
        onBlur={() => setOffer(undefined)}
        onKeyDown={onKeyDown}
      />
      <ul id="offered" role="listbox" aria-label="What may stand here" hidden={words.length === 0}>
        {words.map((word, index) => (
          <li
            key={word}
            id={`offer-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => {
              event.preventDefault();
              take(word);
            }}
          >
            {word}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Keys of the nodes that there are, a sample of them. */
function nodeKeys(): readonly string[] {
  const keys = new Set<string>();
  let left = KEYS_OF_NODES_MAX;
  for (const node of graph.nodes.values()) {
    if (left-- === 0) break;
    for (const key of Object.keys(node.Metadata)) keys.add(key);
  }
  return [...keys];
}

async function completionOf(text: string, offset: number): Promise<Completion | undefined> {
  const reader = await import('../../core/gremlin/complete.ts').catch(() => undefined);
  return reader?.completionAt(text, offset, nodeKeys());
}

/** The query once more behind its box, invisible but for the wave under the place of the mistake. */
function Underlined({ text, at }: { readonly text: string; readonly at: number | undefined }) {
  if (at === undefined) return null;
  const [word = ''] = /^(?:\w+|[^\w]|$)/.exec(text.slice(at)) ?? [];
  return (
    <div class="underlined" aria-hidden="true">
      {text.slice(0, at)}
      <mark>{word === '' ? ' ' : word}</mark>
      {text.slice(at + word.length)}
    </div>
  );
}
