import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LinuxError } from '../../../probe/linux/linux-error.ts';
import { NetlinkSocket } from '../../../probe/linux/netlink-socket.ts';
import { Readiness } from '../../../probe/linux/readiness.ts';
import { requestLinks } from '../../../probe/topology/rtnetlink/link.ts';

const later = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

describe('Readiness', () => {
  let readiness: Readiness;
  let sockets: NetlinkSocket[];
  const open = (): NetlinkSocket => {
    const socket = new NetlinkSocket(0);
    sockets.push(socket);
    return socket;
  };

  beforeEach(() => {
    readiness = new Readiness();
    sockets = [];
  });
  afterEach(() => {
    readiness.close();
    for (const socket of sockets) socket.close();
  });

  it('calls for the descriptor that has something, and no other', async () => {
    const [one, other] = [open(), open()];
    const called: string[] = [];
    readiness.add(one.fd, () => {
      while (one.receive().kind === 'bytes') called.push('one');
    });
    readiness.add(other.fd, () => void called.push('other'));
    await later(20);
    expect(called).toEqual([]);
    one.send(requestLinks(1, 1));
    await later(20);
    expect(called).toEqual(['one']);
  });

  it('calls again until nothing is left, though there was one signal', async () => {
    const socket = open();
    let taken = 0;
    readiness.add(socket.fd, () => {
      if (socket.receive().kind === 'bytes') taken++;
    });
    for (let count = 0; count < 5; count++) socket.send(requestLinks(1, 1));
    await later(50);
    expect(taken).toBe(5);
  });

  it('is silent about what was removed', async () => {
    const socket = open();
    let called = 0;
    readiness.add(socket.fd, () => called++).remove();
    socket.send(requestLinks(1, 1));
    await later(20);
    expect(called).toBe(0);
    expect(() => readiness.add(-1, () => {})).toThrow(LinuxError);
  });

  it('lets a process end by itself and by process.exit while signals come', () => {
    const from = (path: string): string => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
    for (const end of [
      'process.exit(7)',
      'process.exitCode = 7, readiness.close()',
      'throw new Error("end")',
    ]) {
      const script = `
        import { NetlinkSocket } from ${from('../../../probe/linux/netlink-socket.ts')};
        import { Readiness } from ${from('../../../probe/linux/readiness.ts')};
        import { requestLinks } from ${from('../../../probe/topology/rtnetlink/link.ts')};
        const readiness = new Readiness();
        const socket = new NetlinkSocket(0);
        readiness.add(socket.fd, () => { socket.receive(); });
        for (let count = 0; count < 20; count++) socket.send(requestLinks(1, 1));
        setTimeout(() => { for (let count = 0; count < 20; count++) socket.send(requestLinks(1, 1)); ${end}; }, 20);`;
      const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 });
      expect([end, done.status, done.signal]).toEqual([end, end.startsWith('throw') ? 1 : 7, null]);
    }
  });
});
