/** All captures with what becomes of them, and a form for a new one that the API's own rules check before it is sent. */
import { useState } from 'preact/hooks';
import type { Capture } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { captureProblem, captures, captureSums, stopCapture } from '../state/captures.ts';
import { CAPTURE_FIELDS } from '../model/manage/capture-fields.ts';
import { givenOf, type Given } from '../model/manage/fields.ts';
import { AskOnce } from './ask-once.tsx';
import { CaptureFile } from './capture-file.tsx';
import { CaptureForm } from './capture-form.tsx';
import { may } from '../state/session.ts';

export function Captures() {
  const list = captures.value;
  const mayWrite = may('capture', 'write');
  /** The values of another; the number makes it a form of its own. */
  const [like, setLike] = useState<{ readonly number: number; readonly given: Given } | undefined>();
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
        <table class="list kept">
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
                <span class="sr">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((capture) => (
              <Row
                key={capture.UUID}
                capture={capture}
                mayWrite={mayWrite}
                onLike={() =>
                  setLike({
                    number: (like?.number ?? 0) + 1,
                    given: givenOf(CAPTURE_FIELDS, { ...capture }),
                  })
                }
              />
            ))}
          </tbody>
        </table>
      )}
      {mayWrite && list.length > 0 && (
        <p class="muted">
          The API does not change captures. “Like it” takes the values of one over into the form; what was
          there stays until you delete it.
        </p>
      )}
      {mayWrite && <CaptureForm key={like?.number ?? 0} given={like?.given} />}
      <CaptureFile />
    </div>
  );
}

function Row({
  capture,
  mayWrite,
  onLike,
}: {
  readonly capture: Capture;
  readonly mayWrite: boolean;
  readonly onLike: () => void;
}) {
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
      <td class="actions">
        {mayWrite && (
          <>
            <button
              type="button"
              aria-label={`Like it: a new capture with the values of that on ${capture.GremlinQuery}`}
              onClick={onLike}
            >
              Like it
            </button>
            <AskOnce label="Delete" what={`the capture on ${capture.GremlinQuery}`} act={stop} />
          </>
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
