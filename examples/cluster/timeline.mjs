const WIDTH = 40;

/** What happened to a stack and when: who waited for whom, and how long. Built from the engine's events. */
export class Timeline {
  #start;
  #end = 0;
  /** By resource: when it started, published, waited, and was complete, in milliseconds from the first event. */
  #rows = new Map();

  constructor(engine, stack) {
    engine.onEvent((event) => {
      if (event.stack === stack) this.#add(event);
    });
  }

  #add(event) {
    this.#start ??= event.time;
    const at = event.time - this.#start;
    this.#end = Math.max(this.#end, at);
    if (event.type === 'resource' && event.action === 'CREATE') {
      if (event.status === 'IN_PROGRESS') this.#row(event.resource).started = at;
      else this.#row(event.resource).ended = at;
    } else if (event.type === 'name:didPublish') {
      this.#row(event.name[2]).published.push({ attribute: event.name[3], at });
    } else if (event.type === 'read:willBlock') {
      const names = event.names.map((name) => name.slice(2).join('.'));
      this.#row(event.reader).waits.push({ input: event.input, names, from: at, to: undefined });
    } else if (event.type === 'read:didWake') {
      const wait = this.#row(event.reader).waits.find(({ input, to }) => input === event.input && to === undefined);
      if (wait !== undefined) wait.to = at;
    }
  }

  #row(resource) {
    const row = this.#rows.get(resource) ?? { started: 0, ended: undefined, published: [], waits: [] };
    this.#rows.set(resource, row);
    return row;
  }

  /** A bar per resource (`-` at work, `.` blocked), then each wait. */
  print() {
    const scale = WIDTH / Math.max(1, this.#end);
    const lines = [`Timeline of ${this.#end} ms   - at work   . blocked   | complete`];
    for (const [resource, { started, ended = this.#end, waits }] of this.#rows) {
      const bar = Array.from({ length: WIDTH }, (_, column) => {
        const [from, to] = [column / scale, (column + 1) / scale];
        if (to <= started || from >= ended) return ' ';
        return waits.some((wait) => from < (wait.to ?? this.#end) && to > wait.from) ? '.' : '-';
      });
      lines.push(`  ${resource.padEnd(10)} ${bar.join('')}| ${ended} ms`);
    }
    for (const [resource, { published, waits }] of this.#rows) {
      const told = published.find(({ attribute }) => attribute === 'address');
      if (told !== undefined) lines.push(`  ${resource} told its address at ${told.at} ms`);
      for (const { names, from, to = this.#end } of waits) {
        lines.push(`  ${resource} waited ${to - from} ms for ${names.join(', ')}`);
      }
    }
    if ([...this.#rows.values()].every(({ waits }) => waits.length === 0)) {
      lines.push('  Nobody had to wait: every address was there when it was asked for.');
    }
    return lines.join('\n');
  }
}
