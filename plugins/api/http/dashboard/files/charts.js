// SPDX-License-Identifier: MIT
// What home's clients ask of it: requests each second and the time to answer, of the last two minutes.

import { byId, setText } from './dom.js';
import { rate, seconds } from './format.js';
import { perSecond, quantile } from './samples.js';

const kPointsMax = 120;
const kWrites = new Set(['put', 'delete', 'batch', 'transaction']);
const kReads = new Set(['get', 'scan']);
const isWrite = (labels) => kWrites.has(labels.op);
const isRead = (labels) => kReads.has(labels.op);
// Of requests that took effect or were decided to change nothing; the rest failed.
const isAnswered = (labels) => labels.code === 'done' || labels.code === 'error';
const isFailed = (labels) => (isWrite(labels) || isRead(labels)) && !isAnswered(labels);

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    write: of('--series-1'), read: of('--series-2'), fail: of('--series-3'), text: of('--muted'), grid: of('--line'),
  };
}

function line(label, colour, dash = []) {
  return {
    label, data: [], borderColor: colour, backgroundColor: colour, borderWidth: 2, borderDash: dash, pointRadius: 0,
    tension: 0.2, spanGaps: false,
  };
}

// `least` is what the axis reaches to in any case.
function makeChart(id, datasets, shown, least) {
  return new window.Chart(byId(id), {
    type: 'line',
    data: { labels: [], datasets },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: { grid: { display: false }, ticks: { maxTicksLimit: 5, maxRotation: 0, autoSkipPadding: 24 } },
        y: { beginAtZero: true, suggestedMax: least, ticks: { maxTicksLimit: 5, callback: (value) => shown(value) } },
      },
      plugins: {
        legend: {
          position: 'bottom', align: 'start',
          labels: { usePointStyle: true, pointStyle: 'line', pointStyleWidth: 26, padding: 14 },
        },
        tooltip: { callbacks: { label: (item) => ` ${item.dataset.label}: ${shown(item.parsed.y)}` } },
      },
    },
  });
}

export class Charts {
  constructor(source) {
    const colour = colours();
    this.before = null;
    this.throughput = makeChart('throughput', [
      line('writes', colour.write), line('reads', colour.read), line('failed', colour.fail, [4, 3]),
    ], rate, 1);
    this.latency = makeChart('latency', [
      line('writes, median', colour.write), line('writes, 99 %', colour.write, [4, 3]),
      line('reads, median', colour.read), line('reads, 99 %', colour.read, [4, 3]),
    ], seconds, 0.001);
    this.paint();
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.paint());
    source.addEventListener('metrics', (event) => this.take(event.detail));
    source.home.addEventListener('change', () => { if (!source.home.isOpen) this.interrupt(); });
  }

  // In the colours of the page as it is now.
  paint() {
    const colour = colours();
    const order = [[this.throughput, ['write', 'read', 'fail']], [this.latency, ['write', 'write', 'read', 'read']]];
    for (const [chart, names] of order) {
      chart.data.datasets.forEach((dataset, i) => {
        dataset.borderColor = colour[names[i]];
        dataset.backgroundColor = colour[names[i]];
      });
      chart.options.color = colour.text;
      for (const axis of Object.values(chart.options.scales)) {
        axis.ticks.color = colour.text;
        axis.grid = { ...axis.grid, color: colour.grid };
        axis.border = { display: false };
      }
      chart.update();
    }
  }

  // A gap: nothing is known of the time in between, and counters may begin anew.
  interrupt() {
    if (this.before === null) return;
    this.before = null;
    for (const chart of [this.throughput, this.latency]) this.push(chart, '', chart.data.datasets.map(() => null));
  }

  take(data) {
    const now = data;
    const { before } = this;
    this.before = now;
    if (before === null || now.at <= before.at) return;
    const requests = (filter) => perSecond(before, now, 'tenon_requests_total', filter);
    const rates = [
      requests((labels) => isWrite(labels) && isAnswered(labels)),
      requests((labels) => isRead(labels) && isAnswered(labels)), requests(isFailed),
    ];
    const took = (filter, share) => quantile(before, now, 'tenon_request_duration_seconds', filter, share);
    const times = [took(isWrite, 0.5), took(isWrite, 0.99), took(isRead, 0.5), took(isRead, 0.99)];
    const label = new Date(now.at).toLocaleTimeString('en', { hourCycle: 'h23' });
    this.push(this.throughput, label, rates);
    this.push(this.latency, label, times);
    const failed = rates[2] > 0 ? `, ${rate(rates[2])} failed` : '';
    setText(byId('rates'), `${rate(rates[0])} writes, ${rate(rates[1])} reads${failed}`);
    setText(byId('times'), times.every((time) => time === null) ? 'no requests now'
      : ['writes', 'reads'].map((name, i) => (times[2 * i + 1] === null ? null : `${name} ${seconds(times[2 * i])}`))
        .filter((text) => text !== null).join(', '));
  }

  push(chart, label, values) {
    chart.data.labels.push(label);
    chart.data.datasets.forEach((dataset, i) => dataset.data.push(values[i]));
    if (chart.data.labels.length > kPointsMax) {
      chart.data.labels.shift();
      for (const dataset of chart.data.datasets) dataset.data.shift();
    }
    if (!document.hidden) chart.update('none');
  }
}
