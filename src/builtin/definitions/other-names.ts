/** By heat's etc/heat/environment.d/default.yaml, without the types that it maps to templates. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['OS::Metering::Alarm', 'OS::Aodh::Alarm'],
  ['OS::Ceilometer::Alarm', 'OS::Aodh::Alarm'],
  ['OS::Ceilometer::GnocchiResourcesAlarm', 'OS::Aodh::GnocchiResourcesAlarm'],
  ['OS::Ceilometer::GnocchiAggregationByMetricsAlarm', 'OS::Aodh::GnocchiAggregationByMetricsAlarm'],
  ['OS::Ceilometer::GnocchiAggregationByResourcesAlarm', 'OS::Aodh::GnocchiAggregationByResourcesAlarm'],
  ['OS::Ceilometer::CombinationAlarm', 'OS::Aodh::CombinationAlarm'],
]);

/** There, `OS::Quantum*` stands for `OS::Neutron*`. */
const PREFIX = /^OS::Quantum/;

/** The name that Heat's own environment gives to a type in place of an old one; undefined for other names. */
export function otherName(type: string): string | undefined {
  return OTHER_NAMES.get(type) ?? (PREFIX.test(type) ? type.replace(PREFIX, 'OS::Neutron') : undefined);
}
