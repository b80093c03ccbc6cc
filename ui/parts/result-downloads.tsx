/** A result as a file: JSON as it is; a graph for Graphviz and packets for Wireshark are spelt by the analyzer, which is asked once more. */
import { useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import { askFile } from '../link/api.ts';
import { isGraph } from '../model/query-result.ts';

const DOT = { type: 'text/vnd.graphviz', ending: 'dot' } as const;
const PCAP = { type: 'application/vnd.tcpdump.pcap', ending: 'pcap' } as const;

export function Downloads({ query, result }: { readonly query: string; readonly result: unknown }) {
  const [problem, setProblem] = useState('');
  const fetchAs = async ({ type, ending }: typeof DOT | typeof PCAP): Promise<void> => {
    try {
      save(await askFile('POST /api/topology', { body: { GremlinQuery: query } }, type), ending);
      setProblem('');
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  const json = (): void =>
    save(new Blob([JSON.stringify(result, undefined, 2)], { type: 'application/json' }), 'json');
  return (
    <>
      <button type="button" onClick={json}>
        Download
      </button>
      {isGraph(result) && (
        <button type="button" onClick={() => void fetchAs(DOT)}>
          Download for Graphviz
        </button>
      )}
      {/\bRawPackets\b/i.test(query) && (
        <button type="button" onClick={() => void fetchAs(PCAP)}>
          Download as pcap
        </button>
      )}
      <span role="alert" class="problem">
        {problem}
      </span>
    </>
  );
}

function save(file: Blob, ending: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = `edgedive-result.${ending}`;
  link.click();
  URL.revokeObjectURL(url);
}
