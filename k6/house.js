// What all scripts have in common: where the house is, what its operator brings in, who its buyers are.
import http from 'k6/http';

export const base = __ENV.ADMITONE_URL || 'http://127.0.0.1:8080';
const key = __ENV.ADMITONE_OPERATOR_KEY || '';
const json = { 'Content-Type': 'application/json' };

// A number of an environment variable.
export function setting(name, usual) {
  return Number(__ENV[name] || usual);
}

// So many times a duration of one unit, such as `5s` (not `1m30s`): when what comes behind it begins.
export function times(count, duration) {
  return `${count * parseFloat(duration)}${duration.replace(/[0-9.]/g, '')}`;
}

// Brings in a show; its ids.
export function bringIn(show, room) {
  const document = {
    rooms: room ? [{ name: `k6 ${Date.now()}`, settings: room }] : [],
    concerts: [{
      name: `k6 ${Date.now()} ${Math.random()}`,
      category: 'k6',
      shows: [Object.assign({
        opens_at: '2099-01-01T19:00:00Z',
        closes_at: '2099-01-01T22:00:00Z',
        booking_opens_at: '2020-01-01T00:00:00Z',
        booking_closes_at: '2099-01-01T00:00:00Z',
      }, show)],
    }],
  };
  if (room) document.concerts[0].shows[0].room = document.rooms[0].name;
  const made = http.post(`${base}/api/v1/operator/import`, JSON.stringify(document), {
    headers: Object.assign({ Authorization: `Bearer ${key}` }, json),
  });
  if (made.status !== 200) throw new Error(`import: ${made.status} ${made.body}`);
  const found = made.json();
  return { concert: found.concerts[0].id, show: found.concerts[0].shows[0], room: found.rooms[0] };
}

// Opens so many accounts; their tokens.
export function accounts(count) {
  const tokens = [];
  for (let number = 0; number < count; number += 1) {
    const opened = http.post(`${base}/api/v1/users`, JSON.stringify({ name: `k6 ${number}` }), { headers: json });
    tokens.push(opened.json('token'));
  }
  return tokens;
}

// Which turn of a user it is; before and after the load there are none.
function turn() {
  return typeof __ITER === 'undefined' ? 'outside' : __ITER;
}

// The headers of a command: who wants it, under a key of its own.
export function command(token, name, pass) {
  const headers = Object.assign({
    Authorization: `Bearer ${token}`,
    'Idempotency-Key': `${name}-${__VU}-${turn()}-${Date.now()}`,
  }, json);
  if (pass) headers['queue-token'] = pass;
  return { headers, tags: { name } };
}

// Whether it was held, or refused because of these rules and no other.
export function heldOr(answer, codes) {
  return answer.status === 201 || (answer.status === 409 && codes.includes(answer.json('code')));
}

// Why tickets of a type are refused: nothing is left, for now or for good.
export const none = ['SOLD_OUT', 'ALL_HELD'];

// A show's ticket type as it is now.
export function stockOf(show, type) {
  const types = http.get(`${base}/api/v1/shows/${show}/ticket-types`).json();
  return (types.data || types).find((one) => one.id === type);
}

// Seats in rows of 50.
export function rows(count) {
  const all = [];
  for (let row = 1; all.length * 50 < count; row += 1) {
    all.push({ section: 'A', row: String(row), numbers: [1, 50], price: 1000 });
  }
  return all;
}

// So many categories have the concerts of `bringConcerts`.
export const categories = 20;

// A day of 2097, as a date says it.
export function day(number) {
  const two = (text) => String(text).padStart(2, '0');
  return `2097-${two(1 + (Math.floor(number / 28) % 12))}-${two(1 + (number % 28))}`;
}

// Brings in so many concerts of one show each, on 300 days and in all categories.
export function bringConcerts(count) {
  const name = `k6 ${Date.now()} ${Math.random()}`;
  for (let at = 0; at < count; at += 200) {
    const concerts = [];
    for (let number = at; number < Math.min(at + 200, count); number += 1) {
      const date = day(number % 300);
      concerts.push({
        name: `${name} ${number}`,
        category: `k${number % categories}`,
        shows: [{
          opens_at: `${date}T19:00:00Z`,
          closes_at: `${date}T22:00:00Z`,
          booking_opens_at: '2020-01-01T00:00:00Z',
          booking_closes_at: `${date}T19:00:00Z`,
          ticket_types: [{ name: 'Standing', price: 1000, quantity: 100 }],
        }],
      });
    }
    const made = http.post(`${base}/api/v1/operator/import`, JSON.stringify({ concerts }), {
      headers: Object.assign({ Authorization: `Bearer ${key}` }, json),
    });
    if (made.status !== 200) throw new Error(`import: ${made.status} ${made.body}`);
  }
}
