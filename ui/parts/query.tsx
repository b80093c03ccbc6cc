/** One box for Gremlin, with what was asked before; nodes of a result light up in tree and map. */
import { useEffect, useState } from 'preact/hooks';
import { askAll, type Refused } from '../link/api.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { markBy } from '../state/marking.ts';
import { queryText } from '../state/view.ts';
import { Editor } from './query-editor.tsx';
import { QueryForm } from './query-form.tsx';
import { mistakeOf, refusalOf, type Mistake } from './query-mistake.ts';
import { Result, type Outcome, type ResultForm } from './query-result.tsx';

const HISTORY_MAX = 50;
const HISTORY = 'queries';
const CHECK_MS = 300;

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
