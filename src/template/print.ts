import { dump } from 'js-yaml';
import type { Template } from './template.ts';

/**
 * The template as HOT: YAML that parseTemplate reads as an equal template. Comments and the form of the original text are
 * lost. A part that stands in two places is printed twice, since people read it and parsers limit aliases.
 */
export function printTemplate(template: Pick<Template, 'document'>): string {
  return dump(template.document, { noRefs: true, lineWidth: -1 });
}
