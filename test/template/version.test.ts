import { describe, expect, test } from '@jest/globals';
import type { TemplateInvalid } from '../../src/errors.ts';
import { parseTemplate } from '../../src/template/template.ts';
import { TEMPLATE_VERSIONS, type TemplateVersion } from '../../src/template/version.ts';

/** The first version in which `has` holds; every later one has to have it too. */
function since(has: (version: TemplateVersion) => boolean): string | undefined {
  const first = TEMPLATE_VERSIONS.findIndex(has);
  if (first === -1) return undefined;
  for (const version of TEMPLATE_VERSIONS.slice(first))
    expect([version.name, has(version)]).toEqual([version.name, true]);
  return TEMPLATE_VERSIONS[first]?.name;
}

/** The first line of the problem with a call of `name` that has an empty list of arguments; undefined when there is none. */
function problemOf(version: string, name: string, section: 'outputs' | 'conditions'): string | undefined {
  const call = { [name]: [] };
  const definitions = section === 'outputs' ? { o: { value: call } } : { c: call };
  try {
    parseTemplate({ heat_template_version: version, [section]: definitions });
    return undefined;
  } catch (error) {
    return (error as TemplateInvalid).problems[0]?.what;
  }
}

describe('a function is there from one version on', () => {
  test.each([
    [
      '2013-05-23',
      ['get_param', 'get_resource', 'get_attr', 'get_file', 'list_join', 'str_replace', 'resource_facade'],
    ],
    ['2015-04-30', ['repeat', 'digest']],
    ['2015-10-15', ['str_split']],
    ['2016-04-08', ['map_merge']],
    ['2016-10-14', ['if', 'map_replace', 'yaql']],
    ['2017-02-24', ['filter', 'str_replace_strict']],
    ['2017-09-01', ['make_url', 'list_concat', 'list_concat_unique', 'str_replace_vstrict', 'contains']],
    ['hotloom-1', ['get_data']],
  ])('%s: %j', (version, names) => {
    for (const name of names) expect([name, since(({ functions }) => functions.has(name))]).toEqual([name, version]);
  });

  test('and there is no other, but for those of CloudFormation', () => {
    const names = new Set(TEMPLATE_VERSIONS.flatMap(({ functions }) => [...functions.keys()]));
    expect([...names].filter((name) => name !== 'Ref' && !name.startsWith('Fn::'))).toHaveLength(22);
  });
});

describe('a function is there for conditions from one version on', () => {
  test.each([
    ['get_param', '2016-10-14'],
    ['equals', '2016-10-14'],
    ['not', '2016-10-14'],
    ['and', '2016-10-14'],
    ['or', '2016-10-14'],
    ['yaql', '2017-09-01'],
    ['contains', '2017-09-01'],
  ])('%s: %s', (name, version) => {
    const refusal = `conditions.c.${name}: The function "${name}" is invalid in this context`;
    const isAllowed = (at: TemplateVersion): boolean =>
      at.conditionFunctions.has(name) &&
      at.sections.has('conditions') &&
      problemOf(at.name, name, 'conditions') !== refusal;
    expect(since(isAllowed)).toBe(version);
  });
});

describe('a function of CloudFormation is refused from one version on', () => {
  test.each([
    ['Ref', '2014-10-16'],
    ['Fn::GetAZs', '2014-10-16'],
    ['Fn::Join', '2014-10-16'],
    ['Fn::Split', '2014-10-16'],
    ['Fn::Replace', '2014-10-16'],
    ['Fn::Base64', '2014-10-16'],
    ['Fn::MemberListToMap', '2014-10-16'],
    ['Fn::ResourceFacade', '2014-10-16'],
    ['Fn::Select', '2015-10-15'],
  ])('%s: %s', (name, version) => {
    const refusal = `outputs.o.value.${name}: The template version is invalid: The function ${name} is not supported in this version of HOT.`;
    expect(since((at) => problemOf(at.name, name, 'outputs') === refusal)).toBe(version);
  });
});

test.each<[string, string, (version: TemplateVersion) => boolean]>([
  ['the section conditions', '2016-10-14', ({ sections }) => sections.has('conditions')],
  ['condition of a resource', '2016-10-14', ({ resourceSections }) => resourceSections.has('condition')],
  ['external_id of a resource', '2016-10-14', ({ resourceSections }) => resourceSections.has('external_id')],
  ['a deletion policy in small letters', '2016-10-14', ({ deletionPolicies }) => deletionPolicies.has('retain')],
  ['the constraint modulo', '2017-02-24', ({ hasModulo }) => hasModulo],
  ['tags of a parameter', '2018-03-02', ({ parameterKeys }) => parameterKeys.has('tags')],
  ['inputs of a resource', 'hotloom-1', ({ resourceSections }) => resourceSections.has('inputs')],
  ['outputs of a resource', 'hotloom-1', ({ resourceSections }) => resourceSections.has('outputs')],
])('%s: since %s', (_, version, has) => expect(since(has)).toBe(version));

test('a function that a version does not have yet is data', () => {
  const before = { heat_template_version: '2014-10-16', outputs: { o: { value: { repeat: [] } } } };
  expect(parseTemplate(before).outputs.get('o')?.value).toEqual({ repeat: [] });
});
