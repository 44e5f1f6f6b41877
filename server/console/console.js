// The desk's page: search, a modem with all that is behind it, quarantines, pools, history, and what happens now. A view is a function of its words of the
// address (#/modem/00:...) that gives its nodes and a `refresh`, which is called every few seconds, after events and after each order.
import { Problem, erase, follow, get, hasToken, onRefused, post, useToken } from './api.js';
import { Charts } from './charts.js';
import { ago, date, facts, h, keep, problemBox, refreshAgo, table, time } from './dom.js';

const kEach = 5000;         // milliseconds between two looks
const kSlowly = 6;          // looks for one of what goes through all leases (by modem); after an event there is one at once
const kShown = 100;         // of a list at a time
const kEvents = 200;        // that stay on the page
const kRoles = ['anybody', 'sensor', 'desk', 'admin'];
const kScopes = [['cpe', 'This machine only; others behind the modem keep working.'], ['subscriber', 'Every machine behind the modem.'], ['modem', 'Every machine behind it; the modem gets another file, and starts anew.']];
const kTimes = [[0, 'as the server is set up'], [3600, 'one hour'], [86400, 'one day'], [604800, 'one week'], [2592000, '30 days']];
const kEffects = { in_memory: 'Published to the servers', nak_sent: 'His renewal was refused', discover: 'He asks anew', garden_ack: 'He has an address of the garden', cmts_reset: 'The CMTS has taken the reset',
                   modem_back: 'The modem has started anew', page_seen: 'He has read the page', released_ack: 'He has a usual address again' };

const $ = (id) => document.getElementById(id);
let me = { name: '', role: 'anybody' };
let session = new AbortController();
let view = null;
let charts = null;

// --- what may be done ---

const may = (role) => kRoles.indexOf(me.role) >= kRoles.indexOf(role);

function say(text) { $('said').textContent = text; clearTimeout(say.timer); say.timer = setTimeout(() => { $('said').textContent = ''; }, 5000); }

// A button that is not for this role says whose it is. What goes wrong stands beside it.
function button(text, role, run, attributes = {}) {
  const allowed = may(role);
  const why = `For the role ${role}; ${me.name} has the role ${me.role}.`;
  const node = h('button', { type: 'button', ...attributes, 'aria-disabled': allowed ? null : 'true', title: allowed ? attributes.title : why }, text);
  node.addEventListener('click', async () => {
    if (!allowed) return say(why);
    if (node.getAttribute('aria-busy')) return;
    node.setAttribute('aria-busy', 'true');
    try {
      await run();
    } catch (error) {
      tell(error);
    } finally {
      node.removeAttribute('aria-busy');
    }
  });
  return node;
}

// In a dialog, which waits until it has been read.
function tell(error) {
  if (error.status === 401) return;
  const dialog = h('dialog', { 'aria-label': 'Error' }, problemBox(error), h('p', { class: 'buttons' }, h('button', { type: 'button', autofocus: true, onclick: () => dialog.close() }, 'Close')));
  show(dialog);
}

function show(dialog) {
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// Asks before something is done; `fields` are nodes with a name. Stays open with the problem where it is not done.
function ask(title, done, fields, run) {
  const trouble = h('div');
  const form = h('form', {}, h('h2', {}, title), fields, trouble,
    h('p', { class: 'buttons' }, h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel'), h('button', {}, done)));
  const dialog = h('dialog', { 'aria-label': title }, form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (form.getAttribute('aria-busy')) return;
    form.setAttribute('aria-busy', 'true');
    try {
      await run(Object.fromEntries(new FormData(form)));
      dialog.close();
      refresh();
    } catch (error) {
      if (error.status === 401) dialog.close();
      trouble.replaceChildren(problemBox(error));
    } finally {
      form.removeAttribute('aria-busy');
    }
  });
  show(dialog);
}

const label = (text, control, help) => h('label', {}, h('span', {}, text), control, help && h('small', {}, help));

// `subject` is one member of POST /v1/quarantine: {ip}, {mac} or {modem}.
function quarantine(subject, scope, scopes = kScopes) {
  const [[kind, name]] = Object.entries(subject);
  ask(`Quarantine ${name}`, 'Quarantine', [
    h('fieldset', {}, h('legend', {}, 'How much'), scopes.map(([word, help]) => h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'scope', value: word, required: true, checked: word === scope }), h('span', {}, h('b', {}, word), ` ${help}`)))),
    label('Why', h('input', { name: 'reason', required: true, maxlength: 500, autofocus: true }), 'The user reads this on his page: plain words.'),
    label('Until', h('select', { name: 'ttl' }, kTimes.map(([seconds, text]) => h('option', { value: seconds }, text)))),
    h('label', { class: 'choice' }, h('input', { type: 'checkbox', name: 'dry_run' }), h('span', {}, 'Only try: decide and record, and do nothing')),
  ], async (said) => {
    const what = await post('v1/quarantine', { [kind]: name, scope: said.scope, reason: said.reason, source: 'desk', ttl: Number(said.ttl), ...(said.dry_run ? { dry_run: true } : {}) });
    say(what.text || `${what.id}: ${name} is in quarantine.`);
  });
}

const release = (what) => ask(`Release ${what.id}`, 'Release', [h('p', {}, what.reason), label('Why', h('input', { name: 'reason', maxlength: 500, autofocus: true }), 'For the record; may be left out.')], async (said) => {
  await erase(`v1/quarantine/${what.id}`, { reason: said.reason });
  say(`${what.id} is released.`);
});

const bounce = (mac, into) => ask(`Restart the modem ${mac}?`, 'Restart', [h('p', {}, 'Everything behind it is without network for a minute or two.')], async () => {
  const report = await post(`v1/modems/${encodeURIComponent(mac)}/reset`);
  into?.replaceChildren(resetText(report));
  say(`Restart of ${mac}: ${report.outcome}.`);
});

const endLease = (ip) => ask(`End the lease of ${ip}?`, 'End it', [h('p', {}, 'Its client is not told: he goes on until he asks again.')], async () => say((await erase(`v1/leases/${ip}`)).text));

// --- pieces of views ---

const isMac = (text) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text ?? '');
const to = (text, ...words) => h('a', { href: `#/${words.map(encodeURIComponent).join('/')}` }, text);
const modemLink = (mac) => to(mac, 'modem', mac);
const badge = (word) => h('span', { class: `badge ${word}` }, word);
const resetText = (report) => h('span', {}, badge(report.outcome), ` ${report.reason || 'asked'}`);

const kLeaseColumns = ['Address', 'State', 'Machine', 'Name', 'Modem', 'Ends', ''];
function leaseTable(caption, isOfModem = false) {
  const list = table(caption, kLeaseColumns);
  const none = h('p', { class: 'none', hidden: true }, 'None.');
  const show = (leases) => {
    none.textContent = `${caption}: none.`;
    none.hidden = leases.length > 0;
    list.whole.hidden = leases.length === 0;
    keep(list.body, leases, (each) => each.ip, (each) => list.row(
      to(each.ip, 'history', each.ip), badge(each.state), each.mac ? h('span', { title: each.client_id ? `client identifier ${each.client_id}` : null }, to(each.mac, 'search', each.mac)) : '–', each.hostname ?? '–',
      isMac(each.remote_id) ? modemLink(each.remote_id) : each.remote_id ?? '–', each.ends ? ago(each.ends) : 'never',
      h('span', { class: 'buttons' }, each.state === 'active' && !isOfModem && button('Quarantine…', 'sensor', () => quarantine({ ip: each.ip }, 'cpe'), { class: 'quiet', 'aria-label': `Quarantine ${each.ip}` }),
        each.state !== 'free' && button('End…', 'admin', () => endLease(each.ip), { class: 'quiet', 'aria-label': `End the lease of ${each.ip}` }))));
  };
  return { node: h('section', {}, list.whole, none), show, none };
}

function subjectOf(what) {
  const { mac, modem, ip, subscriber } = what.subject;
  const parts = [ip && to(ip, 'search', ip), mac && to(mac, 'search', mac), modem && h('span', {}, 'modem ', modemLink(modem)), subscriber && `subscriber ${subscriber}`].filter(Boolean);
  return parts.flatMap((part, i) => (i ? [' · ', part] : [part]));
}

// One quarantine: what, why, since when, what was seen of it; its record when it is opened.
function caseCard(what) {
  const steps = h('ol', { class: 'steps' });
  const record = h('details', {}, h('summary', {}, 'Record'), steps);
  record.addEventListener('toggle', async () => {
    if (!record.open) return;
    try {
      const list = (await get(`v1/quarantine/${what.id}/steps`)).steps;
      steps.replaceChildren(...list.map((step) => h('li', {}, time(step.at), ' ', h('b', {}, step.kind), ` ${step.text}`, step.actor && h('small', {}, ` ${step.actor}${step.from ? ` from ${step.from}` : ''}`))));
    } catch (error) {
      steps.replaceChildren(problemBox(error));
    }
  });
  const evidence = what.evidence && facts(...Object.entries(what.evidence).map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]));
  const seen = Object.entries(what.effects).sort(([, a], [, b]) => date(a) - date(b));
  return h('article', { class: `case ${what.state}`, 'aria-label': `Quarantine ${what.id}` },
    h('header', {}, h('h3', {}, what.id, ' ', badge(what.state), ' ', h('span', { class: 'badge' }, what.scope)),
      what.state === 'active' && button('Release…', 'desk', () => release(what), { 'aria-label': `Release ${what.id}` })),
    h('p', {}, subjectOf(what)),
    h('blockquote', {}, what.reason || 'no reason was given'),
    facts(['Since', h('span', {}, time(what.since), ` by ${what.ordered_by ?? '?'}`)], ['Until', what.state === 'active' ? time(what.until, 'it is released') : null],
      ['Ended', what.ended && h('span', {}, time(what.ended), ` by ${what.ended_by ?? '?'}`)], ['Source', [what.source, what.signature].filter(Boolean).join(', ')], ['Alerts', what.alerts > 1 ? what.alerts : null],
      ['Kept addresses', what.addresses.join(', ')], ['Reset', what.reset.state === 'none' ? null : h('span', {}, badge(what.reset.state), ` ${what.reset.text ?? ''}`)]),
    seen.length > 0 && h('ul', { class: 'effects', 'aria-label': 'What was seen of it' }, seen.map(([name, at]) => h('li', {}, kEffects[name] ?? name, ' ', time(at)))),
    evidence && h('details', { class: 'evidence' }, h('summary', {}, 'Evidence'), evidence), record);
}

function caseList() {
  const list = h('div', { class: 'cases' });
  const none = h('p', { class: 'none', hidden: true }, 'Nobody.');
  return { node: h('div', {}, list, none), show(cases) { none.hidden = cases.length > 0; keep(list, cases, (each) => each.id, caseCard); } };
}

// --- views ---

// What a word of the search means, as parameters of GET /v1/leases; null: nothing yet.
function understand(text) {
  const word = text.trim().toLowerCase();
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(word)) return { what: 'an address', queries: [['Lease', { ip: word }]] };
  if (/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(word)) return { what: 'a network', queries: [['Leases', { subnet: word }]] };
  const digits = word.replace(/[:.\- ]/g, '');
  if (!/^([0-9a-f]{2})+$/.test(digits) || digits.length < 12) return null;
  const octets = digits.match(/../g).join(':');
  if (digits.length === 12) return { what: 'a MAC', mac: octets, queries: [['Leases of this machine', { mac: octets }], ['Behind the modem with this MAC', { modem: octets }]] };
  return { what: 'a client identifier', queries: [['Leases of this client identifier', { client_id: octets }]] };
}

function searchView(word = '') {
  const input = h('input', { id: 'search', type: 'search', value: word, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: '203.0.113.9, 00:10:95:01:02:03, 01:00:10:95:…', 'aria-describedby': 'understood' });
  const understood = h('p', { id: 'understood', class: 'hint' });
  const found = h('div');
  const active = caseList();
  const home = h('section', { 'aria-label': 'In quarantine' }, h('h2', {}, 'In quarantine'), active.node);
  let meant = null, tables = [];
  const begin = () => {
    meant = understand(input.value);
    understood.replaceChildren(...(meant ? [`Understood as ${meant.what}. `, ...(meant.mac ? ['The modem’s page: ', modemLink(meant.mac)] : [])] : ['An address, a network, the MAC of a machine or of a modem, or a client identifier in hexadecimal digits.']));
    tables = meant ? meant.queries.map(([caption, names]) => ({ names, list: leaseTable(caption), trouble: h('div'), more: h('p'), count: kShown })) : [];
    found.replaceChildren(...tables.map((each) => h('section', {}, each.trouble, each.list.node, each.more)));
    home.hidden = meant !== null;
  };
  const look = async () => {
    if (!meant) return active.show((await get('v1/quarantine', { active: 1, limit: kShown })).quarantines);
    await Promise.all(tables.map(async (each) => {
      try {
        const got = await get('v1/leases', { ...each.names, limit: each.count });
        each.trouble.replaceChildren();
        each.list.show(got.leases);
        each.more.replaceChildren(...(got.next ? [button(`More than ${each.count}: show more`, 'desk', () => { each.count *= 4; return look(); })] : []));
      } catch (error) {
        each.list.show([]);
        each.list.none.hidden = true;
        each.trouble.replaceChildren(problemBox(error));
      }
    }));
  };
  let later = 0;
  input.addEventListener('input', () => {
    clearTimeout(later);
    later = setTimeout(() => { begin(); history.replaceState(null, '', input.value.trim() ? `#/search/${encodeURIComponent(input.value.trim())}` : '#/'); refresh(); }, 200);
  });
  begin();
  return { title: 'Search', slow: () => meant?.mac, nodes: [h('form', { role: 'search', onsubmit: (event) => event.preventDefault() }, h('label', { for: 'search' }, 'Who?'), input, understood), found, home], refresh: look, focus: input };
}

const kRecord = [['Profile', 'profile'], ['Vendor', 'vendor'], ['Model', 'model'], ['Software', 'software'], ['Hardware', 'hardware'], ['Serial number', 'serial'], ['DOCSIS', 'docsis'], ['File', 'file']];

function modemView(mac) {
  mac = mac.toLowerCase();
  const record = h('div'), state = h('div', { role: 'status' }), outcome = h('span', { role: 'status' });
  const own = leaseTable('The modem’s own address', true), behind = leaseTable('Machines behind it'), cases = caseList();
  const path = `v1/modems/${encodeURIComponent(mac)}`;
  const askState = async () => {
    state.replaceChildren(h('p', { class: 'hint' }, 'The CMTS is asked…'));
    try {
      const report = (await get(path, { state: 1 })).state;
      const modem = report.modem ?? {};
      const online = modem.state ?? report.outcome;
      state.replaceChildren(facts(['At the CMTS', h('span', {}, badge(online), report.outcome === 'done' ? '' : ` ${report.reason}`)],
        ['Address', modem.address], ['Received power', modem.receive_power_dbmv !== undefined && `${modem.receive_power_dbmv} dBmV`], ['Signal to noise', modem.signal_noise_db !== undefined && `${modem.signal_noise_db} dB`],
        ['In its words', modem.object && `${modem.object} ${modem.value}`], ['CMTS', report.cmts], ['Asked', time(report.posted)]));
    } catch (error) {
      state.replaceChildren(problemBox(error));
    }
  };
  const look = async () => {
    const [known, its, leases, list] = await Promise.all([get(path).catch((error) => error), get('v1/leases', { mac }), get('v1/leases', { modem: mac, limit: 1000 }), get('v1/quarantine', { active: 1, limit: 1000 })]);
    if (known instanceof Problem) record.replaceChildren(known.status === 404 ? h('p', { class: 'hint' }, known.message) : problemBox(known));
    else record.replaceChildren(facts(...kRecord.map(([name, key]) => [name, known[key]]), ['DHCP seen', known.dhcp_seen && ago(known.dhcp_seen)], ['File fetched', known.file_served && ago(known.file_served)], ...Object.entries(known.variables)));
    own.show(its.leases);
    behind.show(leases.leases.filter((each) => each.mac !== mac));
    const machines = new Set(leases.leases.map((each) => each.mac));
    cases.show(list.quarantines.filter(({ subject }) => subject.modem === mac || machines.has(subject.mac)));
  };
  askState();
  return {
    title: `Modem ${mac}`, refresh: look, slow: () => true,
    nodes: [
      h('header', { class: 'of-view' }, h('h1', {}, `Modem ${mac}`), h('p', { class: 'buttons' }, button('Quarantine…', 'sensor', () => quarantine({ modem: mac }, 'subscriber', kScopes.slice(1))), button('Restart…', 'desk', () => bounce(mac, outcome)), outcome)),
      h('div', { class: 'columns' }, h('section', {}, h('h2', {}, 'Record'), record), h('section', {}, h('h2', {}, 'State ', button('Ask again', 'desk', askState, { class: 'quiet' })), state)),
      behind.node, own.node, h('section', {}, h('h2', {}, 'In quarantine'), cases.node)],
  };
}

function quarantineView(which = 'active') {
  const list = caseList();
  const more = h('p');
  let count = kShown;
  const look = async () => {
    const got = await get('v1/quarantine', { active: which === 'active' ? 1 : undefined, limit: Math.min(count, 1000) });
    list.show(got.quarantines);
    more.replaceChildren(...(got.next ? [count < 1000 ? button('Show more', 'sensor', () => { count += kShown; return look(); }) : 'Older ones: coaxctl quarantine list.'] : []));
  };
  const tab = (word, text) => h('a', { href: `#/quarantine/${word}`, 'aria-current': word === which ? 'page' : null }, text);
  return { title: 'Quarantine', refresh: look, nodes: [h('h1', {}, 'Quarantine'), h('p', { class: 'tabs' }, tab('active', 'Those that hold'), ' ', tab('all', 'Ended ones too')), list.node, more] };
}

function poolsView() {
  const list = table('Pools', ['Network', 'Ranges', 'In use', 'Share', 'Free', 'Abandoned']);
  const look = async () => keep(list.body, (await get('v1/pools')).pools, (each) => each.network + each.ranges, ({ network, ranges, total, active, offered, free, abandoned }) => {
    const share = total ? (100 * (total - free)) / total : 0;
    const bar = h('meter', { min: 0, max: total || 1, high: total * 0.8, optimum: 0, value: total - free, 'aria-label': `${share.toFixed(0)} percent in use` });
    return list.row(network, h('span', { class: 'ranges' }, ranges.join(', ')), h('span', { class: 'number' }, `${active.toLocaleString('en')}${offered ? ` + ${offered} offered` : ''} of ${total.toLocaleString('en')}`),
      h('span', { class: 'bar' }, bar, ` ${share.toFixed(share > 0 && share < 10 ? 1 : 0)} %`), h('span', { class: 'number' }, free.toLocaleString('en')), h('span', { class: 'number' }, abandoned.toLocaleString('en')));
  });
  return { title: 'Pools', refresh: look, nodes: [h('h1', {}, 'Pools'), list.whole] };
}

function historyView(who = '', at = '') {
  const list = table('Who had it', ['Address', 'Machine', 'Since', 'Until', 'Name', 'Modem', 'Ended by']);
  const answer = h('div');
  const input = h('input', { id: 'history-who', name: 'who', value: who, required: true, autocomplete: 'off', spellcheck: 'false', placeholder: '203.0.113.9' });
  const look = async () => {
    if (!who) return;
    const meant = understand(who);
    const names = !meant || meant.queries[0][1].subnet ? { ip: who } : meant.mac ? { mac: meant.mac } : { ip: who };
    try {
      const { periods } = await get('v1/history', { ...names, at: at ? new Date(at).toISOString().replace(/\.\d+/, '') : undefined, limit: 1000 });
      if (!answer.contains(list.whole)) answer.replaceChildren(list.whole);
      if (periods.length === 0) answer.replaceChildren(h('p', { class: 'none' }, 'Nothing is known.'));
      keep(list.body, periods, (each) => each.ip + each.since, (each) => list.row(to(each.ip, 'search', each.ip), each.mac ? to(each.mac, 'search', each.mac) : '–', time(each.since), time(each.until, 'now'), each.hostname ?? '–',
        isMac(each.remote_id) ? modemLink(each.remote_id) : each.remote_id ?? '–', each.reason ?? '–'));
    } catch (error) {
      answer.replaceChildren(problemBox(error));
    }
  };
  const form = h('form', { class: 'line' }, label('Address or MAC', input), label('At (empty: ever)', h('input', { name: 'at', type: 'datetime-local', step: 1, value: at })), h('button', {}, 'Look'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const said = new FormData(form);
    location.hash = `#/history/${encodeURIComponent(said.get('who').trim())}${said.get('at') ? `/${encodeURIComponent(said.get('at'))}` : ''}`;
  });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { title: 'History', refresh: who && at ? null : look, once: look, focus: who ? null : input,
           nodes: [h('h1', {}, 'Who had an address'), form, h('p', { class: 'hint' }, `Times are of this machine (${zone}); point at one for UTC.`), answer] };
}

const kViews = { '': searchView, search: searchView, modem: modemView, quarantine: quarantineView, pools: poolsView, history: historyView };

// --- what goes on ---

let refreshing = false, again = false;
async function refresh() {
  if (!view?.refresh || !hasToken()) return;
  if (refreshing) { again = true; return; }
  refreshing = true;
  const shown = view;
  try {
    await shown.refresh();
    if (shown === view) $('view').querySelector(':scope > .problem')?.remove();
  } catch (error) {
    if (shown === view && error.status !== 401) {
      $('view').querySelector(':scope > .problem')?.remove();
      $('view').prepend(problemBox(error));
    }
  }
  refreshing = false;
  if (again) { again = false; refresh(); }
}

function route() {
  if (!hasToken()) return;
  const [name = '', ...words] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  view = (kViews[name] ?? searchView)(...words);
  document.title = `${view.title} – coaxd`;
  for (const link of document.querySelectorAll('nav a')) {
    const its = link.getAttribute('href').slice(2);
    if (its === name || (its === '' && (name === 'search' || name === 'modem'))) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  $('view').replaceChildren(...view.nodes);
  (view.focus ?? $('view')).focus({ preventScroll: true });
  window.scrollTo(0, 0);
  if (view.once && !view.refresh) view.once();
  else refresh();
}

const kKindsThatChange = ['quarantine', 'release', 'expire', 'effect', 'reset', 'alert', 'reload'];
let soon = 0;
function heard(kind, data, id) {
  const log = $('events');
  const said = data.event?.text || data.reason || data.text || JSON.stringify(data).slice(0, 200);
  const text = data.subject ? [data.id && to(data.id, 'quarantine', 'all'), ` ${said} `, h('small', {}, ...subjectOf(data))] : [said];
  log.prepend(h('li', { 'data-id': id ?? '' }, h('time', { datetime: new Date().toISOString() }, new Date().toLocaleTimeString('en-GB')), ' ', badge(kind), ' ', text));
  while (log.children.length > kEvents) log.lastChild.remove();
  if (!kKindsThatChange.includes(kind)) return;
  clearTimeout(soon);
  soon = setTimeout(refresh, 300);
}

let looks = 0;
async function poll() {
  if (document.hidden || !hasToken()) return;
  refreshAgo();
  if (!view?.slow?.() || ++looks % kSlowly === 0) refresh();
  if (!may('desk')) return;
  try {
    charts.take(await get('v1/stats'));
  } catch { /* what is not there is not drawn */ }
}

async function begin() {
  session.abort();
  session = new AbortController();
  const { signal } = session;
  try {
    me = await get('v1/whoami');
  } catch (error) {
    return signIn(error);
  }
  $('sign-in').hidden = true;
  for (const each of [$('signed-in'), $('leave'), document.querySelector('nav')]) each.hidden = false;
  $('who').textContent = `${me.name} (${me.role})`;
  $('events').replaceChildren();
  charts = new Charts($('charts'));
  $('charts').hidden = !may('desk');
  follow(heard, (state) => { $('stream').textContent = state; $('stream').className = state === 'live' ? 'live' : 'cut'; }, signal);
  const ticking = setInterval(poll, kEach);
  signal.addEventListener('abort', () => clearInterval(ticking));
  route();
  poll();
}

function signIn(problem) {
  session.abort();
  view = null;
  $('view').replaceChildren();
  for (const dialog of document.querySelectorAll('dialog')) dialog.remove();
  for (const each of [$('signed-in'), $('leave'), document.querySelector('nav')]) each.hidden = true;
  $('who').textContent = '';
  $('sign-in').hidden = false;
  $('sign-in-problem').replaceChildren(...(problem ? [problemBox(problem)] : []));
  $('token').value = '';
  $('token').focus();
}

onRefused(signIn);
$('sign-in').querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  useToken($('token').value.trim());
  begin();
});
$('leave').addEventListener('click', () => { useToken(''); signIn(); });
document.querySelector('[data-skip]').addEventListener('click', (event) => { event.preventDefault(); $('view').focus(); });
window.addEventListener('hashchange', route);
document.addEventListener('visibilitychange', poll);
if (hasToken()) begin();
else signIn();
