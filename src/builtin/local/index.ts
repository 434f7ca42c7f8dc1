import type { ResourceType } from '../../resource/resource-type.ts';
import { localFile } from './file.ts';
import { localPort } from './port.ts';
import { PortHolder } from './port-holder.ts';
import { localProcess } from './process.ts';
import { localScript } from './script.ts';
import { StartTurns } from './start-turns.ts';

export { localFile };

export interface LocalTypesOptions {
  /** Where processes log that were given no file of their own. Default: `hotloom/logs` in the user's state directory. */
  readonly logDirectory?: string | undefined;
  /** Where scripts and their output files lie while they run. Default: the system's directory for temporary files. */
  readonly scriptDirectory?: string | undefined;
}

/** The resource types for real work on this machine. Made once for each engine: they share the ports that it holds. */
export function localTypes(options: LocalTypesOptions = {}): readonly ResourceType[] {
  const ports = new PortHolder();
  const turns = new StartTurns();
  return [
    localProcess({ ports, turns, logDirectory: options.logDirectory }),
    localScript({ ports, turns, directory: options.scriptDirectory }),
    localFile,
    localPort({ ports }),
  ];
}
