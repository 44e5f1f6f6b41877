// Small charts of what /v1/stats counts: the newest ten minutes, as this page has seen them.
import { h, svg } from './dom.js';

const kPoints = 120, kLeast = 12, kWidth = 240, kHeight = 56;

const sum = (samples, name, labels = {}) => samples.filter((each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value)).reduce((all, each) => all + each.value, 0);

// A gauge is shown as it is; a counter as its growth a second.
const kCharts = [
  { title: 'Leases', of: (samples) => sum(samples, 'coaxd_pool_addresses', { state: 'active' }) },
  { title: 'ACKs a second', rate: true, of: (samples) => sum(samples, 'coaxd_packets_sent_total', { type: 'ack' }) },
  { title: 'Commits a second', rate: true, of: (samples) => sum(samples, 'coaxd_commits_total') },
];

const shown = (value) => (value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : value.toFixed(1));

class Chart {
  constructor({ title, of, rate }) {
    Object.assign(this, { title, of, rate, points: [], last: null });
    this.line = svg('polyline', { class: 'curve', points: '' });
    this.area = svg('polygon', { class: 'area', points: '' });
    this.value = h('b', {}, '–');
    this.range = h('small');
    this.picture = svg('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, role: 'img', preserveAspectRatio: 'none', 'aria-label': title }, this.area, this.line);
    this.node = h('figure', {}, h('figcaption', {}, title, ' ', this.value, ' ', this.range), this.picture);
  }
  take(samples, at) {
    const now = this.of(samples);
    const before = this.last;
    this.last = { now, at };
    if (!this.rate) this.points.push(now);
    else if (before && at > before.at && now >= before.now) this.points.push((now - before.now) / ((at - before.at) / 1000));  // fewer: the server was started anew
    else return;
    this.points = this.points.slice(-kPoints);
    this.draw();
  }
  draw() {
    const most = Math.max(...this.points), least = this.rate ? 0 : Math.min(...this.points);
    const span = Math.max(most - least, this.rate ? 1 : 2);
    const x = (i) => kWidth - (this.points.length - 1 - i) * (kWidth / (Math.max(this.points.length, kLeast) - 1));  // what there is fills the width
    const y = (value) => kHeight - 3 - ((value - least) / span) * (kHeight - 6);
    const corners = this.points.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
    this.line.setAttribute('points', corners.join(' '));
    this.area.setAttribute('points', `${x(0).toFixed(1)},${kHeight} ${corners.join(' ')} ${kWidth},${kHeight}`);
    this.value.textContent = shown(this.points.at(-1));
    this.range.textContent = `at most ${shown(most)}`;
    this.picture.setAttribute('aria-label', `${this.title}: now ${this.value.textContent}, at most ${shown(most)}, at least ${shown(Math.min(...this.points))}`);
  }
}

export class Charts {
  constructor(parent) {
    this.charts = kCharts.map((each) => new Chart(each));
    parent.replaceChildren(...this.charts.map((each) => each.node));
  }
  take(samples) {
    const at = performance.now();
    for (const chart of this.charts) chart.take(samples, at);
  }
}
