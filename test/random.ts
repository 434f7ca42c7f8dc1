import fc from 'fast-check';

// Set up before each test file: a test does the same each time it runs. To search further,
// `HOTLOOM_SEED=random HOTLOOM_RUNS=100 npm run jest -- test/reference --testTimeout=3600000`.

const DEFAULT_SEED = 20_260_101;
/** What fast-check runs where nothing is said. */
const DEFAULT_RUNS = 100;

const seed = seedOf(process.env.HOTLOOM_SEED ?? DEFAULT_SEED);
const factor = positive('HOTLOOM_RUNS', process.env.HOTLOOM_RUNS ?? 1);

fc.configureGlobal({ numRuns: runs(DEFAULT_RUNS), ...(seed === undefined ? {} : { seed }) });

/** How often a property is tried: `usual` times, and as many times as much as the environment asks for. */
export function runs(usual: number): number {
  return Math.ceil(usual * factor);
}

/** Undefined: another one for each property, which fast-check tells when it fails. */
function seedOf(text: string | number): number | undefined {
  if (text === 'random') return undefined;
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || text === '')
    throw new Error(`HOTLOOM_SEED is 'random' or a whole number, not '${text}'.`);
  return seed;
}

function positive(variable: string, text: string | number): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number))) throw new Error(`${variable} is a number above 0, not '${text}'.`);
  return number;
}
