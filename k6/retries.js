// Charges whose replies are lost now and then; each is asked again under its key and answered the same.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { accounts, base, command, setting } from './house.js';

const lost = new Counter('replies_lost');

export const options = {
  scenarios: {
    ask: { executor: 'constant-vus', vus: setting('USERS', 64), duration: __ENV.DURATION || '5s' },
  },
  thresholds: { checks: ['rate==1'], iterations: ['count>0'] },
};

export function setup() {
  return { tokens: accounts(setting('ACCOUNTS', 64)) };
}

export default function ask({ tokens }) {
  const body = JSON.stringify({ amount: 1 + (__ITER % 97) });
  const same = command(tokens[__VU % tokens.length], 'charge');
  const charge = (more) => http.post(`${base}/api/v1/wallet/charges`, body, Object.assign({}, same, more));
  if (__ITER % 3 === 0) {
    // Nobody waits for this answer: the charge may be done or not.
    if (charge({ timeout: '1ms' }).error_code !== 0) lost.add(1);
  }
  const [first, second] = [charge({}), charge({})];
  check(second, {
    charged: () => first.status === 201 || first.status === 200,
    'once, however often it was asked': (said) => said.json('entry.id') === first.json('entry.id'),
  });
}

// What was asked twice came once: every entry is another, and the balance is their sum.
export function teardown({ tokens }) {
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
}
