/** All captures with what becomes of them, and a form for a new one that the API's own rules check before it is sent. */
import { useState } from 'preact/hooks';
import type { Capture } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { captureProblem, captures, captureSums, startCapture, stopCapture } from '../state/captures.ts';
import { CaptureFile } from './capture-file.tsx';
import { fieldsOf } from './form-fields.ts';
import { may } from '../state/session.ts';

export function Captures() {
  const list = captures.value;
  const mayWrite = may('capture', 'write');
  return (
    <div class="panel-body scroll" tabIndex={0} role="group" aria-label="Captures">
      {captureProblem.value !== '' && (
        <p role="alert" class="problem">
          {captureProblem.value}
        </p>
      )}
      {list.length === 0 ? (
        <p class="muted">No captures. Choose an interface and “Capture here”, or say which by a query:</p>
      ) : (
        <table class="list">
          <thead>
            <tr>
              <th scope="col">On</th>
              <th scope="col">Filter</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Packets
              </th>
              <th scope="col" class="number">
                Lost
              </th>
              <th scope="col">
                <span class="sr">End it</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((capture) => (
              <Row key={capture.UUID} capture={capture} mayWrite={mayWrite} />
            ))}
          </tbody>
        </table>
      )}
      {mayWrite && <NewCapture />}
      <CaptureFile />
    </div>
  );
}

function Row({ capture, mayWrite }: { readonly capture: Capture; readonly mayWrite: boolean }) {
  const [problem, setProblem] = useState('');
  const sum = captureSums.value.get(capture.UUID ?? '');
  const stop = async (): Promise<void> => {
    try {
      await stopCapture(capture.UUID ?? '');
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <tr>
      <td>
        {capture.Name !== undefined && <strong>{capture.Name} </strong>}
        <code>{capture.GremlinQuery}</code>
      </td>
      <td>{capture.BPFFilter ?? ''}</td>
      <td>{problem === '' ? stateText(sum) : problem}</td>
      <td class="number">{sum?.packets ?? 0}</td>
      <td class="number">{sum?.lost ?? 0}</td>
      <td>
        {mayWrite && (
          <button
            type="button"
            onClick={() => void stop()}
            aria-label={`Delete the capture on ${capture.GremlinQuery}`}
          >
            Delete
          </button>
        )}
      </td>
    </tr>
  );
}

function stateText(sum: { active: number; failed: number; error: string } | undefined): string {
  if (sum === undefined) return 'waits for an interface that fits';
  const runs = `runs on ${sum.active}`;
  return sum.failed === 0 ? runs : `${runs}, failed on ${sum.failed}: ${sum.error}`;
}

function NewCapture() {
  const [problems, setProblems] = useState<readonly string[]>([]);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = Object.fromEntries(Object.entries(fieldsOf(form)).filter(([, value]) => value !== ''));
    try {
      // The rules bring the readers of Gremlin and of packet filters along, which the page can do without until now.
      const { readCapture } = await import('../../core/capture/validate.ts');
      const read = readCapture(given);
      if ('errors' in read) {
        setProblems(read.errors);
        return;
      }
      await startCapture({ GremlinQuery: '', ...given });
      setProblems([]);
      form.reset();
    } catch (error) {
      setProblems([messageOf(error)]);
    }
  };
  return (
    <form class="line" onSubmit={(event) => void send(event)}>
      <label class="wide">
        Interfaces (Gremlin)
        <input name="GremlinQuery" spellcheck={false} placeholder="G.V().Has('Name', 'eth0')" required />
      </label>
      <label>
        Packets (BPF)
        <input name="BPFFilter" spellcheck={false} placeholder="tcp port 443" />
      </label>
      <label>
        Name
        <input name="Name" />
      </label>
      <button type="submit">Capture</button>
      <ul role="alert" class="problem">
        {problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </form>
  );
}
