/**
 * The template of a real etcd cluster, as a HOT document. Each member's `--initial-cluster` names the peer ports of all
 * members; the ports are free ports that the engine finds and holds until etcd takes them over.
 */
export function etcdTemplate(names) {
  const resources = {};
  const peerUrl = (name) => ({ list_join: ['', [`${name}=http://`, { get_attr: [`${name}_peer`, 'address'] }]] });
  const url = (name, kind) => ({ list_join: ['', ['http://', { get_attr: [`${name}_${kind}`, 'address'] }]] });
  for (const name of names) {
    resources[`${name}_peer`] = { type: 'Local::Port' };
    resources[`${name}_client`] = { type: 'Local::Port' };
    resources[name] = {
      type: 'Local::Process',
      properties: {
        command: [
          { get_param: 'etcd' },
          '--name',
          name,
          '--data-dir',
          { list_join: ['/', [{ get_param: 'directory' }, name]] },
          '--initial-cluster-state',
          'new',
          '--initial-cluster-token',
          { get_param: 'OS::stack_id' },
          '--initial-cluster',
          { list_join: [',', names.map(peerUrl)] },
          '--initial-advertise-peer-urls',
          url(name, 'peer'),
          '--listen-peer-urls',
          url(name, 'peer'),
          '--advertise-client-urls',
          url(name, 'client'),
          '--listen-client-urls',
          url(name, 'client'),
        ],
        ports: [{ get_resource: `${name}_peer` }, { get_resource: `${name}_client` }],
        ready: { http: { list_join: ['', [url(name, 'client'), '/health']] } },
        ready_timeout: 60,
      },
    };
  }
  return {
    heat_template_version: '2018-08-31',
    description: 'A real etcd cluster on this machine.',
    parameters: {
      directory: { type: 'string', description: 'Where the members keep their data.' },
      etcd: { type: 'string', default: 'etcd', description: 'The etcd program.' },
    },
    resources,
    outputs: {
      endpoints: { description: 'The client addresses.', value: names.map((name) => url(name, 'client')) },
    },
  };
}
