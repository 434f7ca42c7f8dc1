import { hasPortCycle } from './ports.ts';
import { attributesOf, LONG_MS, needs, type ResourceSketch, type Scenario } from './scenario.ts';

/** What can be told of a scenario by itself. */
export const traits = {
  /**
   * Nothing in it depends on how long something takes, so that every schedule has to end alike. A handler that writes, beside
   * a read, what it declares to need that read counts as unable to write it: in a circle of ports whether its reader is there
   * by then decides whether there is a deadlock.
   */
  isTimeless: ({ stacks, kill }: Scenario): boolean =>
    kill === undefined &&
    stacks.every(
      ({ rollback, cancelMs, timeoutMs, resources }) =>
        !rollback && cancelMs === undefined && timeoutMs === LONG_MS && !resources.some(hangs),
    ) &&
    !(stacks.some(({ resources }) => resources.some(writesBesideWhatItNeeds)) && hasPortCycle(stacks, true)),
  /** Every handler keeps what its type declares, and none reads what the static check has not seen. */
  isFaultless: (scenario: Scenario): boolean =>
    traits.isTimeless(scenario) &&
    scenario.stacks.every(({ resources }) => resources.every((resource) => keepsDeclaration(resource))),
};

function hangs({ branches }: ResourceSketch): boolean {
  return branches.flat().some((step) => step.do === 'hang');
}

/** Whether some attribute is written while a read by name may be open that it is declared to need. */
function writesBesideWhatItNeeds(resource: ResourceSketch): boolean {
  return resource.branches.some((steps) => {
    const others = resource.branches.filter((branch) => branch !== steps);
    const isBeside = others.flat().some((step) => step.do === 'read');
    return isBeside && steps.some((step) => step.do === 'write' && needs(resource, step.attribute, undefined));
  });
}

export function keepsDeclaration(resource: ResourceSketch): boolean {
  const attributes = Object.keys(attributesOf(resource));
  const written = resource.branches.flat().flatMap((step) => (step.do === 'write' ? [step.attribute] : []));
  if (attributes.some((attribute) => !written.includes(attribute))) return false;
  return resource.branches.every((steps) =>
    steps.every((step, at) => {
      if (step.do === 'fail' || step.do === 'hang' || step.do === 'rewrite' || step.do === 'stray') return false;
      if (step.do === 'read') return false;
      if (step.do !== 'await') return true;
      const later = steps.slice(at).flatMap((next) => (next.do === 'write' ? [next.attribute] : []));
      return step.inputs.every((input) => later.every((attribute) => needs(resource, attribute, input)));
    }),
  );
}
