/** A form for a new capture, checked by the API's own rules, the reader of packet filters among them, before it is sent. */
import type { CaptureRequest } from '../../core/api/operations.ts';
import { bodyOf, type Given } from '../model/manage/fields.ts';
import { CAPTURE_FIELDS } from '../model/manage/capture-fields.ts';
import { startCapture } from '../state/captures.ts';
import { ResourceForm } from './manage/resource-form.tsx';

async function send(given: Given): Promise<string> {
  const body = bodyOf(CAPTURE_FIELDS, given);
  // The rules bring the readers of Gremlin and of packet filters along, which the page can do without until now.
  const { readCapture } = await import('../../core/capture/validate.ts');
  const read = readCapture(body);
  if ('errors' in read) throw new Error(read.errors.join('\n'));
  await startCapture(body as unknown as CaptureRequest);
  return '';
}

/** `given`: the values of another one. */
export function CaptureForm({ given }: { readonly given: Given | undefined }) {
  return (
    <ResourceForm
      title="New capture"
      fields={CAPTURE_FIELDS}
      {...(given !== undefined && { given, takesFocus: true })}
      verb="Capture"
      send={send}
    />
  );
}
