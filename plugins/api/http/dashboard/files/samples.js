// SPDX-License-Identifier: MIT
// Samples of metrics: an object of series, as the text format of Prometheus writes them, with their values.

const parsed = new Map(); // series are few and come again each second

// {name, labels} of `name{a="b",c="d"}`.
export function seriesOf(text) {
  let series = parsed.get(text);
  if (series === undefined) {
    const brace = text.indexOf('{');
    const labels = {};
    for (const [, name, value] of text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value;
    series = { name: brace < 0 ? text : text.slice(0, brace), labels };
    parsed.set(text, series);
  }
  return series;
}

function* matching(samples, name, filter) {
  for (const [text, value] of Object.entries(samples)) {
    const series = seriesOf(text);
    if (series.name === name && filter(series.labels)) yield [text, series.labels, value];
  }
}

// What the counter grew by; a counter that began anew has grown by all that it shows.
function growth(before, text, value) {
  const old = before.samples[text] ?? 0;
  return value >= old ? value - old : value;
}

export function perSecond(before, now, name, filter) {
  let sum = 0;
  for (const [text, , value] of matching(now.samples, name, filter)) sum += growth(before, text, value);
  return (1000 * sum) / (now.at - before.at);
}

// Of what a histogram observed in between, by straight lines within its buckets; null: nothing was.
export function quantile(before, now, name, filter, share) {
  const buckets = new Map();
  for (const [text, labels, value] of matching(now.samples, `${name}_bucket`, filter)) {
    const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + growth(before, text, value));
  }
  const sorted = [...buckets].sort(([one], [other]) => one - other);
  const all = sorted.length === 0 ? 0 : sorted[sorted.length - 1][1];
  if (all === 0) return null;
  const wanted = share * all;
  let low = 0;
  let below = 0;
  for (const [bound, reached] of sorted) {
    if (reached >= wanted) {
      if (bound === Infinity || reached === below) return low;
      return low + ((bound - low) * (wanted - below)) / (reached - below);
    }
    low = bound;
    below = reached;
  }
  return low;
}
