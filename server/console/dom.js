// Elements out of values. All that comes from the API goes in as text, never as markup.
const kSvg = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
export const svg = (name, attributes, ...children) => fill(document.createElementNS(kSvg, name), attributes, children);

// Makes `parent` hold one node an item, in their order. Nodes of items that have not changed stay, and with them the focus; a <details> that was open stays open.
export function keep(parent, items, key, make) {
  parent.kept ??= new Map();
  const before = parent.kept;
  const now = new Map();
  for (const item of items) {
    const text = JSON.stringify(item);
    const old = before.get(key(item));
    const node = old?.text === text ? old.node : make(item);
    if (old && node !== old.node && old.node.querySelector('details[open]')) node.querySelector('details')?.setAttribute('open', '');
    now.set(key(item), { text, node });
  }
  parent.kept = now;
  const nodes = [...now.values()].map((each) => each.node);
  for (const node of [...parent.childNodes]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, i) => { if (parent.childNodes[i] !== node) parent.insertBefore(node, parent.childNodes[i] ?? null); });
}

// Seconds or RFC 3339 to a Date; null: never, or not yet.
export const date = (at) => (at === null || at === undefined || at === 0 ? null : new Date(typeof at === 'number' ? at * 1000 : at));

const two = (number) => String(number).padStart(2, '0');
export const clock = (when) => `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;

const kUnits = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
function distance(when) {
  const seconds = Math.round((when - Date.now()) / 1000);
  const [size, unit] = kUnits.find(([least]) => Math.abs(seconds) >= least) ?? kUnits[3];
  const count = Math.floor(Math.abs(seconds) / size);
  return seconds > 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

// In this machine's time; the exact word of the server in the title.
export function time(at, otherwise = '–') {
  const when = date(at);
  if (!when) return h('span', {}, otherwise);
  const iso = when.toISOString();
  return h('time', { datetime: iso, title: `${iso} (${distance(when)})` }, clock(when));
}
export function ago(at, otherwise = '–') {
  const when = date(at);
  if (!when) return h('span', {}, otherwise);
  return h('time', { datetime: when.toISOString(), title: `${clock(when)}, ${when.toISOString()}`, class: 'ago' }, distance(when));
}
export function refreshAgo() {
  for (const each of document.querySelectorAll('time.ago')) each.textContent = distance(new Date(each.dateTime));
}

export function problemBox(problem) {
  const more = Object.entries(problem.more ?? {}).map(([name, value]) => `${name}: ${value}`).join(', ');
  return h('p', { class: 'problem', role: 'alert' }, h('strong', {}, problem.status ? `${problem.status} ${problem.title}. ` : `${problem.title ?? 'Error'}. `), problem.message, more && h('small', {}, ` (${more})`));
}

export function facts(...pairs) {
  return h('dl', {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

// Rows of cells; on a narrow screen each is a card whose cells carry their column's name.
export function table(caption, columns) {
  const body = h('tbody');
  const whole = h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption }, h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))), body));
  return { whole, body, row: (...cells) => h('tr', {}, cells.map((cell, i) => h('td', { 'data-label': columns[i] }, cell))) };
}
