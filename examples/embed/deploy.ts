import { type Engine, isHotloomError, type StackDescription, templateBuilder } from 'hotloom';
import { Database, Service } from './types.ts';

/** What a customer of this tool orders. */
export interface Order {
  readonly customer: string;
  readonly image: string;
  readonly directory: string;
  readonly password: string;
}

/** Deploys one customer's stack; `report` gets a line whenever something happens. Undefined when it failed. */
export async function deploy(
  engine: Engine,
  order: Order,
  report: (line: string) => void,
): Promise<StackDescription | undefined> {
  const t = templateBuilder({ description: `Everything that ${order.customer} runs` });
  const password = t.parameter('password', { type: 'string', hidden: true });
  const database = t.resource('database', Database, { directory: order.directory, password });
  // The two services name each other: a circle of resources, and none of attributes.
  const api = t.declare('api', Service);
  const worker = t.resource('worker', Service, {
    image: order.image,
    database_url: database.attr.url,
    peers: [api.attr.address],
  });
  api.define({ image: order.image, database_url: database.attr.url, peers: [worker.attr.address] });
  t.output('addresses', [api.attr.address, worker.attr.address]);

  const stop = engine.onEvent((event) => {
    if (event.stack !== order.customer) return;
    if (event.type === 'resource') report(`${event.resource}: ${event.action}_${event.status}`);
    if (event.type === 'read:didWake') report(`${event.reader}: has its ${event.input}`);
    if (event.type === 'resource:didLog') report(`${event.resource}: ${event.line}`);
  });
  try {
    return await engine.create({
      stack: order.customer,
      template: t.build(),
      parameters: { password: order.password },
      rollback: true,
    });
  } catch (error) {
    if (!isHotloomError(error, 'StackFailed')) throw error;
    report(`not deployed. ${error.message}`);
    return undefined;
  } finally {
    stop();
  }
}
