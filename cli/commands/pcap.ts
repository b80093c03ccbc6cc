/** `edgedive pcap -t FILE`: sends a capture file; its flows can be queried when the command ends. */
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { messageOf } from '../../core/errors.ts';
import { usageError } from '../errors.ts';
import { print } from '../output.ts';
import { ProgressBar } from '../progress-bar.ts';
import { analyzerOf } from './common.ts';

export function pcapCommand(): Command {
  return new Command('pcap')
    .description('send a capture file: pcap or pcapng, also gzip')
    .requiredOption('-t, --trace <file>', 'the file')
    .action(async ({ trace }: { trace: string }, self: Command) => {
      const bar = new ProgressBar(process.stderr, basename(trace), sizeOf(trace));
      const file = createReadStream(trace);
      file.on('data', (part) => bar.add(part.length));
      try {
        const answer = await analyzerOf(self).send({
          method: 'POST',
          path: '/api/pcap',
          headers: { 'Content-Type': 'application/octet-stream' },
          body: file,
        });
        const counts = (await text(answer)).trim();
        bar.end();
        if (counts !== '') print(counts);
      } finally {
        bar.end();
        file.destroy();
      }
    });
}

function sizeOf(file: string): number {
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw new Error(`${file} is a directory`);
    return stat.size;
  } catch (error) {
    throw usageError(`--trace: ${messageOf(error)}`);
  }
}
