import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkJoiner, type End, type Wish } from '../../../probe/topology/link-joiner.ts';

/** A joiner whose edges are texts `parent>child type`. */
function joinerWithEdges(): { joiner: LinkJoiner; edges: Set<string> } {
  const edges = new Set<string>();
  const joiner = new LinkJoiner({
    putEdge: (parent, child, metadata) => {
      const relation = metadata.RelationType === 'layer2' ? '' : metadata.RelationType;
      const id = [`${parent}>${child}`, relation, metadata.Type ?? '']
        .filter((word) => word !== '')
        .join(' ');
      edges.add(id);
      return id;
    },
    removeEdge: (id) => edges.delete(id),
  });
  return { joiner, edges };
}

/** `root/5` is node `root/5` with index 5. */
function end(key: string, wishes: readonly Wish[] = [], name = key): [string, End] {
  return [key, { nodeId: key, ifIndex: Number(key.split('/')[1]), name, wishes }];
}
const veth = (target: string): Wish[] => [{ kind: 'peer', target, type: 'veth' }];
const master = (target: string): Wish[] => [{ kind: 'master', target }];

function edgesAfter(...ends: [string, End][]): string[] {
  const { joiner, edges } = joinerWithEdges();
  for (const [key, value] of ends) {
    joiner.set(key, value);
    joiner.settle();
  }
  return [...edges].sort();
}

describe('LinkJoiner', () => {
  it('joins a veth pair from the greater index to the other, whichever comes first', () => {
    const a = end('root/9', veth('vm1/2'));
    const b = end('vm1/2', veth('root/9'));
    expect(edgesAfter(a, b)).toEqual(['root/9>vm1/2 veth']);
    expect(edgesAfter(b, a)).toEqual(['root/9>vm1/2 veth']);
  });

  it('joins equal indexes of two namespaces, which the reference never did', () => {
    expect(edgesAfter(end('vm1/2', veth('vm2/2')), end('vm2/2', veth('vm1/2')))).toEqual([
      'vm2/2>vm1/2 veth',
    ]);
  });

  it('does not join ends that do not name each other', () => {
    // vm2/2 has the index that root/9 names, but in another namespace.
    expect(edgesAfter(end('root/9', veth('vm1/2')), end('vm2/2', veth('root/9')))).toEqual([]);
    expect(edgesAfter(end('root/9', veth('vm1/2')), end('vm1/2', veth('root/8')))).toEqual([]);
  });

  it('links a member to its master and a vlan to its parent, also when these come later', () => {
    const member = end('root/5', master('root/3'));
    const vlan = end('root/6', [{ kind: 'vlan', target: 'root/5' }]);
    const expected = ['root/3>root/5', 'root/5>root/6 vlan'];
    expect(edgesAfter(vlan, member, end('root/3'))).toEqual(expected);
    expect(edgesAfter(end('root/3'), member, vlan)).toEqual(expected);
  });

  it('leaves out the kernel datapath of Open vSwitch', () => {
    expect(edgesAfter(end('root/3', [], 'ovs-system'), end('root/5', master('root/3')))).toEqual([]);
  });

  it('moves the edge when the master changes and removes it when there is none', () => {
    const { joiner, edges } = joinerWithEdges();
    for (const [key, value] of [end('root/3'), end('root/4'), end('root/5', master('root/3'))])
      joiner.set(key, value);
    joiner.settle();
    joiner.set(...end('root/5', master('root/4')));
    joiner.settle();
    expect([...edges]).toEqual(['root/4>root/5']);
    joiner.set(...end('root/5'));
    joiner.settle();
    expect([...edges]).toEqual([]);
  });

  it('joins a virtual function to its card, and a tunnel to what carries it', () => {
    const vf = end('vm1/2', [{ kind: 'vf', target: 'root/5' }]);
    const tunnel = end('root/6', [{ kind: 'underlay', target: 'root/5', type: 'vxlan' }]);
    expect(edgesAfter(vf, tunnel, end('root/5'))).toEqual([
      'root/5>root/6 underlay vxlan',
      'root/5>vm1/2 vf',
    ]);
  });

  it('asks the graph nothing when an end says what it said', () => {
    let asked = 0;
    const joiner = new LinkJoiner({ putEdge: () => `${asked++}`, removeEdge: () => {} });
    joiner.set(...end('root/3'));
    for (let port = 10; port < 1_010; port++) joiner.set(...end(`root/${port}`, master('root/3')));
    joiner.settle();
    expect(asked).toBe(1_000);
    joiner.set(...end('root/3'));
    joiner.settle();
    expect(asked).toBe(1_000);
  });

  it('tries what failed again when told to', () => {
    let room = false;
    const made: string[] = [];
    const joiner = new LinkJoiner({
      putEdge: (parent, child) => {
        if (!room) return undefined;
        made.push(`${parent}>${child}`);
        return `${parent}>${child}`;
      },
      removeEdge: () => {},
    });
    joiner.set(...end('root/3'));
    joiner.set(...end('root/5', master('root/3')));
    joiner.settle();
    room = true;
    joiner.settle();
    expect(made).toEqual([]);
    joiner.retry();
    joiner.settle();
    expect(made).toEqual(['root/3>root/5']);
  });

  it('names the peer whose word contradicts, so that it can be read anew', () => {
    const { joiner } = joinerWithEdges();
    joiner.set(...end('vm1/2', veth('root/8')));
    joiner.set(...end('root/9', veth('vm1/2')));
    expect(joiner.disagreeingPeer('root/9')).toBe('vm1/2');
    joiner.set(...end('vm1/2', veth('root/9')));
    expect(joiner.disagreeingPeer('root/9')).toBeUndefined();
  });

  it('ends with the edges of the last word, whatever was said before and in which order', () => {
    const keys = ['root/1', 'root/2', 'root/3', 'vm1/1', 'vm1/2'];
    const wish = fc.record({
      kind: fc.constantFrom<Wish['kind']>('master', 'vlan', 'peer', 'vf', 'underlay'),
      target: fc.constantFrom(...keys),
    });
    const step = fc.record({
      key: fc.constantFrom(...keys),
      wishes: fc.option(fc.uniqueArray(wish, { maxLength: 2, selector: (value) => value.kind })),
      settle: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { joiner, edges } = joinerWithEdges();
        const last = new Map<string, readonly Wish[]>();
        for (const { key, wishes, settle } of steps) {
          if (wishes === null) {
            joiner.delete(key);
            last.delete(key);
            // The graph drops the edges of a deleted node by itself.
            for (const edge of edges) if (edge.split(/[> ]/).slice(0, 2).includes(key)) edges.delete(edge);
          } else {
            joiner.set(...end(key, wishes));
            last.set(key, wishes);
          }
          if (settle) joiner.settle();
        }
        joiner.settle();
        const fresh = joinerWithEdges();
        for (const [key, wishes] of last) fresh.joiner.set(...end(key, wishes));
        fresh.joiner.settle();
        expect([...edges].sort()).toEqual([...fresh.edges].sort());
      }),
      { numRuns: 500 },
    );
  });
});
