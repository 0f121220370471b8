// Charges and bookings whose replies are lost now and then; each is asked again under its key until it
// is answered, and once more after that: the answer is the same, and it was done once.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { accounts, base, bringIn, command, setting } from './house.js';

const stock = setting('STOCK', 100000);
const lost = new Counter('replies_lost');
const charged = new Counter('charges_answered');
const held = new Counter('tickets_held');
// What the house holds beyond what was answered; less than nothing is what it forgot.
const surplus = new Counter('tickets_surplus');

export const options = {
  scenarios: {
    ask: { executor: 'constant-vus', vus: setting('USERS', 64), duration: __ENV.DURATION || '5s' },
  },
  thresholds: {
    checks: ['rate==1'],
    replies_lost: ['count>0'],
    charges_answered: ['count>0'],
    tickets_held: ['count>0', `count<=${stock}`],
    tickets_surplus: ['count==0'],
  },
};

export function setup() {
  // No hold may end by itself before it is counted.
  const { show } = bringIn({ hold_seconds: 86400, ticket_types: [{ name: 'Standing', price: 1000, quantity: stock }] });
  return { show: show.id, type: show.ticket_types[0], tokens: accounts(setting('ACCOUNTS', 64)) };
}

// Asks until there is an answer, and once more; both answers.
function insist(path, wish, how) {
  const ask = (more) => http.post(`${base}${path}`, JSON.stringify(wish), Object.assign({}, how, more));
  if (Math.random() < 0.3) {
    // Nobody waits for this answer: it may be done or not.
    if (ask({ timeout: '1ms' }).error_code !== 0) lost.add(1);
  }
  let first = ask({});
  for (let tries = 1; tries < 40 && (first.status === 0 || first.status === 503); tries += 1) {
    sleep(0.05);
    first = ask({});
  }
  return [first, ask({})];
}

export default function want({ show, type, tokens }) {
  const token = tokens[__VU % tokens.length];
  if (__ITER % 2 === 0) charge(token);
  else hold(token, { show, tickets: [{ ticket_type: type, quantity: 1 }] });
}

function charge(token) {
  const [first, second] = insist('/api/v1/wallet/charges', { amount: 1 + (__ITER % 97) }, command(token, 'charge'));
  const ok = first.status === 201 || first.status === 200;
  check(second, {
    charged: () => ok,
    'charged once, however often it was asked': (said) => said.json('entry.id') === first.json('entry.id'),
  });
  if (ok) charged.add(1);
}

function hold(token, wish) {
  const [first, second] = insist('/api/v1/reservations', wish, command(token, 'hold'));
  const ok = first.status === 201 || first.status === 200;
  check(second, {
    'held, or told why not': () => ok || first.status === 409,
    'held once, however often it was asked': (said) => ['id', 'code'].every((name) => said.json(name) === first.json(name)),
  });
  if (!ok) return;
  held.add(1);
  surplus.add(-1);
}

// What was asked twice came once: every entry is another, and the balance is their sum.
export function teardown({ show, type, tokens }) {
  tokens.forEach((token) => {
    const who = { headers: { Authorization: `Bearer ${token}` } };
    let sum = 0;
    let after = '';
    for (;;) {
      const page = http.get(`${base}/api/v1/wallet/entries?limit=200${after}`, who).json();
      page.data.forEach((entry) => { sum += entry.amount; });
      if (!page.next_cursor) break;
      after = `&after=${page.next_cursor}`;
    }
    const { balance } = http.get(`${base}/api/v1/wallet`, who).json();
    check(balance, { 'the balance is the sum of the entries': (found) => found === sum });
  });
  const types = http.get(`${base}/api/v1/shows/${show}/ticket-types`).json();
  const found = (types.data || types).find((one) => one.id === type);
  surplus.add(found.held + found.sold);
}
