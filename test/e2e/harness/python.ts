/** The Python that runs the published client of the reference's API; made on first use. */
import { ensurePython } from '../../../scripts/setup/test-tools.ts';

/** Absolute path of an interpreter that has skydive-client. Rejects with the reason where there can be none. */
export async function pythonWithSkydiveClient(): Promise<string> {
  const outcome = await ensurePython();
  if ('reason' in outcome) throw new Error(`no Python with skydive-client: ${outcome.reason}`);
  return outcome.python;
}
