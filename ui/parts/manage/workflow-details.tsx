/** One workflow: what it is for, its source, a form to run it, and what came of that. */
import { useState } from 'preact/hooks';
import type { Workflow, WorkflowParam } from '../../../core/api/operations.ts';
import { messageOf } from '../../../core/errors.ts';
import { askAll } from '../../link/api.ts';
import { nameOf, tidOf } from '../../model/node-text.ts';
import { jsonText } from '../../model/query-result.ts';
import { argumentsOf, inputOf, paramName } from '../../model/manage/workflow-call.ts';
import { nodeNameOfTid } from '../../state/live.ts';
import { may } from '../../state/session.ts';
import { selected } from '../../state/view.ts';
import { fieldsOf } from '../form-fields.ts';

export function WorkflowDetails({ workflow }: { readonly workflow: Workflow }) {
  const { Name, Title, Abstract, Description, Parameters, Source } = workflow;
  return (
    <section class="workflow" aria-label={Name}>
      <h2>{Title || Name}</h2>
      {[Abstract, Description].map((text) => text !== '' && <p key={text}>{text}</p>)}
      {may('workflow.call', 'write') && <Run workflow={workflow} params={Parameters ?? []} />}
      <details>
        <summary>Source</summary>
        <pre tabIndex={0} aria-label={`Source of ${Name}`}>
          {Source}
        </pre>
      </details>
    </section>
  );
}

type Outcome =
  | { readonly kind: 'running' }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'done'; readonly result: string; readonly console: string; readonly ms: number };

function Run({
  workflow: { UUID, Name },
  params,
}: {
  readonly workflow: Workflow;
  readonly params: readonly WorkflowParam[];
}) {
  const [outcome, setOutcome] = useState<Outcome | undefined>();
  const run = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (outcome?.kind === 'running') return;
    try {
      const Params = argumentsOf(params, fieldsOf(event.currentTarget as HTMLFormElement));
      setOutcome({ kind: 'running' });
      const beganMs = performance.now();
      const told = await askAll('POST /api/workflow/{id}/call', { params: { id: UUID }, body: { Params } });
      const ms = performance.now() - beganMs;
      setOutcome({ kind: 'done', result: jsonText(told.answer), console: told.console, ms });
    } catch (error) {
      setOutcome({ kind: 'failed', text: messageOf(error) });
    }
  };
  return (
    <>
      <form class="line" aria-label={`Run ${Name}`} onSubmit={(event) => void run(event)}>
        {params.map((param, index) => (
          <Parameter key={param.Name} param={param} name={paramName(index)} />
        ))}
        <button type="submit" class="main" aria-disabled={outcome?.kind === 'running'}>
          Run
        </button>
      </form>
      <p role="alert" class="problem pre">
        {outcome?.kind === 'failed' && outcome.text}
      </p>
      <p role="status" class="muted">
        {outcome?.kind === 'running' && 'It runs …'}
        {outcome?.kind === 'done' && `Done after ${(outcome.ms / 1_000).toFixed(1)} s.`}
      </p>
      {outcome?.kind === 'done' && (
        <>
          <pre class="result" tabIndex={0} aria-label="Result">
            {outcome.result}
          </pre>
          {outcome.console !== '' && (
            <>
              <h3>Console</h3>
              <pre tabIndex={0} aria-label="Console">
                {outcome.console}
              </pre>
            </>
          )}
        </>
      )}
    </>
  );
}

function Parameter({ param, name }: { readonly param: WorkflowParam; readonly name: string }) {
  const input = inputOf(param);
  const label = [param.Name, param.Description].filter((text) => text !== '').join(': ');
  switch (input.kind) {
    case 'switch':
      return (
        <label class="box-label">
          <span>
            <input type="checkbox" name={name} defaultChecked={input.isOn} /> {label}
          </span>
        </label>
      );
    case 'choice':
      return (
        <label>
          {label}
          <select name={name}>
            {input.choices.map((choice, index) => (
              <option key={choice} value={String(index)} selected={index === input.at}>
                {choice}
              </option>
            ))}
          </select>
        </label>
      );
    case 'node':
      return <NodeParameter label={label} name={name} text={input.text} />;
    case 'number':
    case 'text':
      return (
        <label>
          {label}
          {input.kind === 'number' ? (
            <input name={name} type="number" defaultValue={input.text} />
          ) : (
            <input name={name} spellcheck={false} defaultValue={input.text} />
          )}
        </label>
      );
  }
}

/** An interface is told by its TID; the one chosen in tree or map can be taken. */
function NodeParameter({
  label,
  name,
  text,
}: {
  readonly label: string;
  readonly name: string;
  readonly text: string;
}) {
  const [tid, setTid] = useState(text);
  const node = selected.value;
  const chosen = node === undefined ? '' : tidOf(node);
  const known = nodeNameOfTid(tid);
  return (
    <div class="with-button">
      <label>
        {label}
        <input
          name={name}
          value={tid}
          spellcheck={false}
          placeholder="TID"
          onInput={({ currentTarget }) => setTid(currentTarget.value)}
        />
      </label>
      <button type="button" disabled={chosen === ''} onClick={() => setTid(chosen)}>
        {node === undefined || chosen === '' ? 'Choose one in the tree' : `Take ${nameOf(node)}`}
      </button>
      {known !== tid && <span class="muted">{known}</span>}
    </div>
  );
}
