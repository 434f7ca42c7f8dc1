/**
 * The template of a cluster of `size` members, as a HOT document. Every member needs the address of every other one:
 * a circle of resources, which is no circle of attributes, since `address` needs nothing of the peers.
 */
export function clusterTemplate(size) {
  const names = Array.from({ length: size }, (_, index) => `member${index + 1}`);
  const resources = {};
  for (const name of names) {
    const peers = names.filter((other) => other !== name);
    resources[name] = {
      type: 'Local::Process',
      properties: {
        command: [{ get_param: 'node' }, { get_param: 'program' }],
        ready: { publish: ['url'] },
        ready_timeout: 30,
      },
      inputs: { peers: peers.map((peer) => ({ get_attr: [peer, 'address'] })) },
      outputs: {
        address: { schema: { type: 'string' }, needs: [] },
        url: { schema: { type: 'string' }, needs: ['peers'] },
      },
    };
  }
  return {
    heat_template_version: 'hotloom-1',
    description: `A replicated key-value store of ${size} processes that need each other's addresses.`,
    parameters: {
      program: { type: 'string', description: "The member's program." },
      node: { type: 'string', default: 'node', description: 'The Node.js that runs it.' },
    },
    resources,
    outputs: {
      urls: { description: 'Where the members serve.', value: names.map((name) => ({ get_attr: [name, 'url'] })) },
    },
  };
}
