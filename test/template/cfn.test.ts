import { expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { parseTemplate } from '../../src/template/template.ts';
import { thrownBy } from './scope-of.ts';

const TEMPLATE = `AWSTemplateFormatVersion: '2010-09-09'
Description: as Heat takes them
Parameters:
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
  Secret: {Type: String, Default: hush-hush, NoEcho: 'true'}
Mappings:
  Sizes: {small: {memory: 1}, large: {memory: 8}}
Conditions:
  IsLarge: {'Fn::Equals': [{Ref: Size}, large]}
  IsSmall: {'Fn::Not': [{'Fn::Equals': [{Ref: Size}, large]}]}
Resources:
  One: {Type: 'OS::Heat::Value', Properties: {value: {'Fn::FindInMap': [Sizes, {Ref: Size}, memory]}}}
  Two:
    Type: OS::Heat::TestResource
    DependsOn: One
    Properties: {value: {'Fn::Join': ['-', [{Ref: 'AWS::StackName'}, {'Fn::If': [IsLarge, big, little]}]]}}
  Never: {Type: 'OS::Heat::None', Condition: IsLarge}
Outputs:
  memory: {Value: {'Fn::GetAtt': [One, value]}}
  name: {Value: {'Fn::GetAtt': [Two, output]}}
  both: {Value: {'Fn::Select': ['1', [x, {Ref: 'AWS::Region'}]]}}
`;

test('a template in the language of CloudFormation means what it means under Heat', async () => {
  const engine = new Engine();
  const small = await engine.create({ stack: 'cfn', template: TEMPLATE });
  expect(small.outputs).toEqual({ memory: 1, name: 'cfn-little', both: 'ap-southeast-1' });
  expect(small.parameters).toEqual({ Size: 'small' });
  expect(small.resources.map(({ name }) => name)).toEqual(['One', 'Two']);
  const large = await engine.create({ stack: 'large', template: TEMPLATE, parameters: { Size: 'large' } });
  expect(large.outputs).toMatchObject({ memory: 8, name: 'large-big' });
  await engine.close();
});

test.each([
  ['Resources: {r: {Type: T, Propertys: {}}}', '"Propertys" is not a valid keyword inside a resource definition', 2],
  ['Resources: {r: {type: T}}', 'Each resource must contain a type key.', 2],
  ['resources: {}', "The template section is invalid: 'resources'", 2],
  ['Parameters: {p: {Type: Text}}', 'Invalid type (Text)', 2],
  ['Parameters: {p: {Type: String, MaxLength: 2, Default: abc}}', 'Invalid default abc', 2],
  ["Outputs:\n  o: {Value: {'Fn::GetAtt': [nobody, x]}}", 'The specified reference "nobody"', 3],
  ["Outputs:\n  o: {Value: {'Fn::Join': x}}", 'Fn::Join', 3],
])('%s is refused at its place', (text, what, line) => {
  const error = thrownBy(() => parseTemplate(`HeatTemplateFormatVersion: '2012-12-12'\n${text}\n`));
  const [problem] = error.problems ?? [];
  expect([problem?.what, problem?.where?.line]).toEqual([expect.stringContaining(what), line]);
});
