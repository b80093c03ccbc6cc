/** A capture file of one's own, read by the analyzer: its flows come by the stream, as those of an interface do. */
import { useState } from 'preact/hooks';
import { requestOf } from '../../core/api/request.ts';
import type { PcapCounts } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { reach } from '../link/api.ts';
import { bytesText, countText } from '../model/figures.ts';
import { may } from '../state/session.ts';
import { panel } from '../state/view.ts';

export function CaptureFile() {
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  if (!may('pcap', 'write')) return null;
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const file = (form.elements.namedItem('file') as HTMLInputElement).files?.[0];
    if (file === undefined) return;
    setBusy(true);
    setProblem('');
    setSaid(`Reading ${file.name}, ${bytesText(file.size)} …`);
    try {
      const { method, path } = requestOf('POST /api/pcap', { body: '' });
      const answer = await reach(path, { method, body: file });
      const { packets, flows, truncated } = (await answer.json()) as PcapCounts;
      setSaid(
        `${file.name}: ${countText(packets)} packets, ${countText(flows)} flows${truncated ? '; the file ends in the middle of a packet' : ''}.`,
      );
      form.reset();
    } catch (error) {
      setSaid('');
      setProblem(messageOf(error));
    }
    setBusy(false);
  };
  return (
    <form class="line" onSubmit={(event) => void send(event)}>
      <label class="wide">
        A capture file (pcap, pcapng, also gzip)
        <input type="file" name="file" accept=".pcap,.pcapng,.cap,.gz" required />
      </label>
      <button type="submit" disabled={isBusy}>
        Read it
      </button>
      <p role="status">
        {said}{' '}
        {said.endsWith('.') && (
          <button type="button" class="link" onClick={() => (panel.value = 'flows')}>
            Show flows
          </button>
        )}
      </p>
      <p role="alert" class="problem">
        {problem}
      </p>
    </form>
  );
}
