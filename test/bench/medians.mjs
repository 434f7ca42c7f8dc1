/** By figure the median over samples, each of which has all of them. */
export function mediansOf(samples, figures) {
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  return Object.fromEntries(figures.map((figure) => [figure, median(samples.map((sample) => sample[figure]))]));
}
