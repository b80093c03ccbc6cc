/**
 * One box for Gremlin: what is wrong is underlined while it is written, what was asked before is offered again, and results come as a table
 * or as JSON; nodes among them light up in tree and map.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Completion } from '../../core/gremlin/complete.ts';
import { limits } from '../../core/limits.ts';
import { askAll, type Refused } from '../link/api.ts';
import { Downloads } from './result-downloads.tsx';
import { resultGraph, resultTable, type ResultTable } from '../model/query-result.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { graph } from '../state/live.ts';
import { markBy } from '../state/marking.ts';
import { queryText, reveal } from '../state/view.ts';
import { Lazy } from './lazy.tsx';
import { QueryForm } from './query-form.tsx';

const HISTORY_MAX = 50;
const HISTORY = 'queries';
const CHECK_MS = 300;
const OFFERED_MAX = 12;
const KEYS_OF_NODES_MAX = 500;

interface Mistake {
  readonly text: string;
  /** In the query; undefined where there is no one place. */
  readonly offset: number | undefined;
}

interface Outcome {
  readonly query: string;
  readonly result: unknown;
  readonly cost: string;
  readonly warning: string;
}

function readHistory(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(readKept(HISTORY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((text) => typeof text === 'string').slice(0, HISTORY_MAX) : [];
  } catch {
    return [];
  }
}

/** What is asked, what was wrong with it, what came of it. */
function useQuery() {
  const text = queryText.value;
  const [mistake, setMistake] = useState<Mistake | undefined>();
  const [outcome, setOutcome] = useState<Outcome | undefined>();
  const [isBusy, setBusy] = useState(false);
  const [history, setHistory] = useState(readHistory);

  useEffect(() => {
    const timer = setTimeout(() => void mistakeOf(text).then(setMistake), CHECK_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const run = async (): Promise<void> => {
    if (text.trim() === '') return;
    setBusy(true);
    try {
      const told = await askAll('POST /api/topology', { body: { GremlinQuery: text } });
      setOutcome({ query: text, result: told.answer, cost: told.cost, warning: told.warning });
      setMistake(undefined);
      markBy(text, told.answer);
      const next = [text, ...history.filter((old) => old !== text)].slice(0, HISTORY_MAX);
      setHistory(next);
      writeKept(HISTORY, JSON.stringify(next));
    } catch (error) {
      setMistake(refusalOf(error as Refused));
    }
    setBusy(false);
  };
  return { text, mistake, outcome, isBusy, history, run };
}

/** Where the mistake is stands in the hint. */
function refusalOf({ message, hint }: Refused): Mistake {
  const [, at] = /^at (\d+)/.exec(hint) ?? [];
  const said = [message, hint].filter((part) => part !== '').join(': ');
  return { text: said, offset: at === undefined ? undefined : Number(at) };
}

export function Query() {
  const { text, mistake, outcome, isBusy, history, run } = useQuery();
  const [form, setForm] = useState<ResultForm>('table');
  return (
    <div class="panel-body">
      <form
        class="bar query"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Editor text={text} mistake={mistake} run={run} />
        <button type="submit" disabled={isBusy}>
          Ask
        </button>
        <Before history={history} />
        <QueryForm />
      </form>
      <p id="mistake" role="alert" class="problem">
        {mistake?.text ?? ''}
      </p>
      {outcome !== undefined && <Result outcome={outcome} form={form} setForm={setForm} />}
    </div>
  );
}

/** The box itself. What may stand at the caret is offered below it: arrows choose, Tab or Enter takes, Escape sends away. */
function Editor({
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

function Before({ history }: { readonly history: readonly string[] }) {
  return (
    <select
      aria-label="Asked before"
      value=""
      onChange={({ currentTarget }) => (queryText.value = currentTarget.value)}
    >
      <option value="">Asked before</option>
      {history.map((old) => (
        <option key={old} value={old}>
          {old}
        </option>
      ))}
    </select>
  );
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

/** What the analyzer would say to it, found here by the same reader. */
async function mistakeOf(text: string): Promise<Mistake | undefined> {
  if (text.trim() === '') return undefined;
  const reader = await Promise.all([
    import('../../core/gremlin/parser.ts'),
    import('../../core/gremlin/errors.ts'),
  ]).catch(() => undefined);
  // Without it the analyzer says what is wrong, when it is asked.
  if (reader === undefined) return undefined;
  const [{ parseQuery }, { GremlinError }] = reader;
  try {
    parseQuery(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof GremlinError)) throw error;
    return {
      text: [error.message, error.hint].filter((part) => part !== '').join(': '),
      offset: error.offset,
    };
  }
}

const FORMS = { table: 'Table', graph: 'Graph', json: 'JSON' } as const;
type ResultForm = keyof typeof FORMS;

/** What the result can be shown as; JSON is always among them. */
function Result({
  outcome: { query, result, cost, warning },
  form,
  setForm,
}: {
  readonly outcome: Outcome;
  readonly form: ResultForm;
  readonly setForm: (form: ResultForm) => void;
}) {
  const table = useMemo(() => resultTable(result, limits.pageResultRowsMax), [result]);
  const drawn = useMemo(() => resultGraph(result, graph), [result]);
  const can = { table: table !== undefined, graph: drawn !== undefined, json: true };
  const now = can[form] ? form : can.table ? 'table' : 'json';
  return (
    <>
      <div class="bar">
        <label>
          Show as{' '}
          <select
            name="as"
            value={now}
            onChange={({ currentTarget: { value } }) =>
              setForm(value === 'graph' || value === 'json' ? value : 'table')
            }
          >
            {Object.entries(FORMS).map(([name, title]) => (
              <option key={name} value={name} disabled={!can[name as ResultForm]}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <Downloads query={query} result={result} />
        <span class="muted" role="status">
          {[sizeText(result), cost, warning].filter((part) => part !== '').join(' · ')}
        </span>
      </div>
      {now === 'graph' && drawn !== undefined ? (
        <Lazy what="The drawing" load={() => import('./result-graph.tsx')} props={{ drawn }} />
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label="Result">
          {now === 'table' && table !== undefined ? <Table table={table} /> : <pre>{jsonText(result)}</pre>}
        </div>
      )}
    </>
  );
}

function Table({ table }: { readonly table: ResultTable }) {
  return (
    <>
      <table class="list">
        <thead>
          <tr>
            {table.columns.map((name, index) => (
              <th key={`${index} ${name}`} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map(({ cells, nodeId }, row) => (
            <tr key={row}>
              {cells.map((cell, index) => (
                <td key={index}>
                  {index === 0 && nodeId !== undefined && graph.nodes.has(nodeId) ? (
                    <button type="button" class="link" onClick={() => reveal(nodeId)}>
                      {cell}
                    </button>
                  ) : (
                    cell
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.more > 0 && <p class="muted">and {table.more} more: download them.</p>}
    </>
  );
}

function sizeText(result: unknown): string {
  return Array.isArray(result) ? `${result.length} result${result.length === 1 ? '' : 's'}` : '';
}

/** Cut where it would take the browser long to show. */
function jsonText(result: unknown): string {
  const text = JSON.stringify(result, undefined, 2) ?? '';
  const most = limits.pageJsonCharsMax;
  return text.length > most ? `${text.slice(0, most)}\n… (cut: download it)` : text;
}
