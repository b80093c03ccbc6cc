/** The second of two clicks: a capture on the selected interface, until somebody ends it. */
import { useState } from 'preact/hooks';
import type { Node } from '../../core/api/operations.ts';
import { capturableTypes } from '../../core/capture/node-types.ts';
import { messageOf } from '../../core/errors.ts';
import { queryOf, typeOf } from '../model/node-text.ts';
import { captures, startCapture, stopCapture } from '../state/captures.ts';
import { may } from '../state/session.ts';
import { panel } from '../state/view.ts';

export function CaptureHere({ node }: { readonly node: Node }) {
  const [problem, setProblem] = useState('');
  if (!capturableTypes.has(typeOf(node)) || !may('capture', 'write')) return null;
  const GremlinQuery = queryOf(node);
  const own = captures.value.find((capture) => capture.GremlinQuery === GremlinQuery);
  const act = async (): Promise<void> => {
    try {
      setProblem('');
      if (own?.UUID === undefined) {
        await startCapture({ GremlinQuery });
        panel.value = 'flows';
      } else await stopCapture(own.UUID);
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <>
      <button type="button" class="main" onClick={() => void act()}>
        {own === undefined ? 'Capture here' : 'Stop the capture'}
      </button>
      <p role="alert" class="problem">
        {problem}
      </p>
    </>
  );
}
