import type { ResourceType } from '../../resource/resource-type.ts';
import { heatNone } from './none.ts';
import { heatRandomString } from './random-string.ts';
import { heatTestResource } from './test-resource.ts';
import { heatValue } from './value.ts';
import { awsWaitCondition, heatWaitCondition } from './wait-condition.ts';
import {
  awsWaitConditionHandle,
  heatUpdateWaitConditionHandle,
  heatWaitConditionHandle,
} from './wait-condition-handle.ts';

export { heatNone, heatRandomString, heatTestResource, heatValue };

/** The resource types of Heat that need no cloud. */
export const heatTypes: readonly ResourceType[] = [
  heatNone,
  heatRandomString,
  heatTestResource,
  heatValue,
  heatWaitCondition,
  heatWaitConditionHandle,
  heatUpdateWaitConditionHandle,
  awsWaitCondition,
  awsWaitConditionHandle,
];
