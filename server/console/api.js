// The API of the server that this page came from. Every call carries the token, which lives as long as the tab. What is not done throws a Problem (RFC 9457).
const kToken = 'coaxd-token';
const kSilence = 45_000;  // the server says something on an idle stream every 15 seconds

let token = sessionStorage.getItem(kToken) ?? '';
let refused = () => {};

export class Problem extends Error {
  constructor(status, title, detail, more = {}) {
    super(detail || title);
    Object.assign(this, { status, title, detail, more });
  }
}

export const hasToken = () => token !== '';
// `then` is called with the Problem when a token is not good any more.
export const onRefused = (then) => { refused = then; };

export function useToken(text) {
  token = text;
  if (text) sessionStorage.setItem(kToken, text);
  else sessionStorage.removeItem(kToken);
}

async function problemOf(response) {
  const text = await response.text();
  try {
    const { title, detail, status, type, ...more } = JSON.parse(text);
    return new Problem(response.status, title, detail, more);
  } catch {
    return new Problem(response.status, response.statusText, text.slice(0, 500));
  }
}

async function send(method, path, { body, headers = {}, signal } = {}) {
  const used = token;
  let response;
  try {
    response = await fetch(`../${path}`, {
      method, signal, cache: 'no-store', credentials: 'omit', redirect: 'error',
      headers: { Authorization: `Bearer ${used}`, ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, 'No answer', 'The server does not answer: it is stopped, or the way to it is cut.');
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  // An answer to the token before this one says nothing of this one.
  if (problem.status === 401 && used === token) {
    useToken('');
    refused(problem);
  }
  throw problem;
}

export const query = (names) => new URLSearchParams(Object.entries(names).filter(([, value]) => value !== undefined && value !== '')).toString();
export const get = async (path, names, options) => (await send('GET', names ? `${path}?${query(names)}` : path, options)).json();
export const post = async (path, body) => (await send('POST', path, { body })).json();
export const erase = async (path, names) => (await send('DELETE', names ? `${path}?${query(names)}` : path)).json();

// Server-sent events, by fetch, since EventSource sends no token. Comes back with the last id by itself, until `signal`.
// `heard(kind, data, id)`; `state` is told 'live', or a sentence.
export async function follow(heard, state, signal) {
  let last = '';
  for (let wait = 1000; !signal.aborted;) {
    const cut = new AbortController();
    const stop = () => cut.abort();
    signal.addEventListener('abort', stop);
    let silence = setTimeout(stop, kSilence);
    try {
      const response = await send('GET', 'v1/events', { signal: cut.signal, headers: last ? { 'Last-Event-ID': last } : {} });
      state('live');
      wait = 1000;
      let rest = '';
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        clearTimeout(silence);
        silence = setTimeout(stop, kSilence);
        const blocks = (rest + piece.value).split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]));
          if (fields.id) last = fields.id;
          if (fields.data) heard(fields.event ?? 'message', JSON.parse(fields.data), fields.id);
          else if (fields['']?.includes('not kept')) heard('gap', { text: fields[''] });
        }
      }
    } catch (error) {
      if (error.status === 401 || error.status === 403) return state(error.message);
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', stop);
    }
    if (signal.aborted) return;
    state(`cut off; again in ${wait / 1000} s`);
    await new Promise((then) => setTimeout(then, wait));
    wait = Math.min(2 * wait, 30_000);
  }
}
