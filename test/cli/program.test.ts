/** The commands as they are told to people: docs/cli.md has each of them, and what scripts of the reference write is understood. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Analyzer } from '../../cli/analyzer.ts';
import { exitStatusTexts } from '../../cli/errors.ts';
import { makeProgram } from '../../cli/program.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** Runs a command; what it would have sent, as method, path and body. */
async function sentBy(...words: readonly string[]): Promise<unknown[]> {
  const sent: unknown[] = [];
  vi.spyOn(Analyzer.prototype, 'json').mockImplementation(({ method, path, body }) => {
    sent.push(typeof body === 'string' ? [method, path, JSON.parse(body)] : [method, path]);
    return Promise.resolve([] as never);
  });
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await makeProgram().exitOverride().parseAsync(words, { from: 'user' });
  return sent;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('docs/cli.md', () => {
  test('names every command', () => {
    const program = makeProgram();
    const names = program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name())
      .filter((name) => name !== 'help');
    for (const name of names) expect([name, new RegExp(`\`${name}\\b`).test(page)]).toEqual([name, true]);
    expect(leaves(program).length).toBeGreaterThan(40);
  });

  test('has the table of exit statuses that `help exit-codes` prints', () => {
    for (const [status, text] of Object.entries(exitStatusTexts))
      expect(page).toContain(`| ${status} | ${text} |`);
  });

  test('every flag says what it is', () => {
    const mute = leaves(makeProgram()).flatMap((command) =>
      command.options
        .filter((option) => !option.hidden && option.description === '' && option.argChoices === undefined)
        .filter(({ long }) => !['--name', '--description', '--payload', '--node-name'].includes(long ?? ''))
        .map(({ long }) => `${command.name()} ${long}`),
    );
    expect(mute).toEqual([]);
  });
});

describe('what scripts of the reference write', () => {
  test('spells injections as its client does, and as ours did', async () => {
    const wanted = {
      SrcIP: '10.0.0.1',
      DstIP: '10.0.0.2',
      SrcMAC: '02:00:00:00:00:01',
      DstMAC: '02:00:00:00:00:02',
      SrcPort: 7,
      DstPort: 9,
      IncrementPayload: 3,
    };
    const values = [wanted.SrcIP, wanted.DstIP, wanted.SrcMAC, wanted.DstMAC, '7', '9', '3'];
    const flags = (...names: readonly string[]): string[] => names.flatMap((name, at) => [name, values[at]!]);
    const create = ['create', '--src', 'G.V()', '--type', 'udp4'];
    const spelled = [
      '--src-ip',
      '--dst-ip',
      '--src-mac',
      '--dst-mac',
      '--src-port',
      '--dst-port',
      '--inc-payload',
    ];
    const [theirs] = await sentBy('inject-packet', ...create, ...flags(...spelled));
    expect(theirs).toMatchObject(['POST', '/api/injectpacket', wanted]);
    const before = ['--srcIP', '--dstIP', '--srcMAC', '--dstMAC', '--srcPort', '--dstPort', '--increment'];
    const [ours] = await sentBy('injection', ...create, ...flags(...before));
    expect(ours).toMatchObject(['POST', '/api/injectpacket', wanted]);
  });

  test('takes -1 packets of a flow for as many as may be', async () => {
    const [sent] = await sentBy('capture', 'create', '--gremlin', 'G.V()', '--rawpacket-limit', '-1');
    expect(sent).toMatchObject(['POST', '/api/capture', { RawPacketLimit: 10 }]);
  });

  test('an alert that is updated keeps its trigger unless one is given', async () => {
    const [created] = await sentBy('alert', 'create', '--expression', 'G.V()');
    expect(created).toMatchObject(['POST', '/api/alert', { Trigger: 'graph' }]);
    const [updated] = await sentBy('alert', 'update', 'id', '--name', 'n');
    expect(updated).toMatchObject(['PATCH', '/api/alert/id', [{ op: 'add', path: '/Name', value: 'n' }]]);
  });

  test('knows rules by both of their names, and the graph as the default query', async () => {
    expect(await sentBy('noderule', 'list')).toMatchObject([['GET', '/api/noderule']]);
    expect(await sentBy('edgerule', 'list')).toMatchObject([['GET', '/api/edgerule']]);
    expect(await sentBy('topology', 'query')).toMatchObject([
      ['POST', '/api/topology', { GremlinQuery: 'G' }],
    ]);
    expect(await sentBy('-b', 'file', 'capture', 'list')).toMatchObject([['GET', '/api/capture']]);
  });

  test('a node belongs to the host that made it', async () => {
    const [sent] = await sentBy('node', 'create', '--node-name', 'n', '--node-type', 't');
    expect(sent).toMatchObject(['POST', '/api/node', { Host: (await import('node:os')).hostname() }]);
  });
});

describe('flows observe', () => {
  const queryOf = async (...flags: readonly string[]): Promise<unknown> => {
    const sent = await sentBy('flows', 'observe', '-o', 'json', ...flags);
    return (sent.at(-1) as [string, string, { GremlinQuery: string }])[2].GremlinQuery;
  };

  test('takes several values of a flag, and turns the flag behind --not around', async () => {
    expect(
      await queryOf('--port', '80,443', '--port', '8080', '--not', '--ip', '10.0.0.1', '--protocol', 'tcp'),
    ).toBe(
      "G.Flows().Has('Transport', Within(80, 443, 8080)).Has('Transport.Protocol', 'TCP')" +
        ".Not(Has('Network', '10.0.0.1')).Sort(DESC, 'Last').Limit(20)",
    );
  });

  test('tells the first ones, or all', async () => {
    expect(await queryOf('--first', '3')).toBe("G.Flows().Sort(ASC, 'Last').Limit(3)");
    expect(await queryOf('--all')).toBe("G.Flows().Sort(DESC, 'Last').Limit(1000000)");
  });

  test.each([
    [['--not'], '--not stands in front of a flag'],
    [['--first', '1', '--last', '1'], 'either --first or --last'],
    [['-f', '--until', '5m'], '--until has passed'],
  ])('refuses %s', async (flags, text) => {
    await expect(queryOf(...flags)).rejects.toThrow(text);
  });
});
