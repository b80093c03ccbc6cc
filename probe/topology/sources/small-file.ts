/** A plain file of bounded size, that another program writes: never waits on a pipe, never reads without end. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { limits } from '../../../core/limits.ts';
import { SourceError } from './source.ts';

/** Throws SourceError when it is none, and Node's errors. */
export function readSmallFile(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new SourceError(`${path} is no file`);
    if (stat.size > limits.stateFileBytesMax)
      throw new SourceError(`${path} has more than ${limits.stateFileBytesMax} bytes`);
    const bytes = Buffer.alloc(stat.size);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}
