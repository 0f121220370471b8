// Charges and uses of one wallet: whatever comes first, the balance is their sum.
import http from 'k6/http';
import { check } from 'k6';
import { accounts, base, command, setting } from './house.js';

const count = setting('COUNT', 3000);
const opening = 10000000;

export const options = {
  scenarios: {
    mixed: { executor: 'shared-iterations', vus: setting('USERS', 100), iterations: count, maxDuration: '60s' },
  },
  thresholds: { checks: ['rate==1'], iterations: [`count>=${count}`] },
};

export function setup() {
  const [token] = accounts(1);
  http.post(`${base}/api/v1/wallet/charges`, JSON.stringify({ amount: opening }), command(token, 'opening'));
  return { token };
}

export default function move({ token }) {
  const path = __ITER % 2 === 0 ? 'charges' : 'uses';
  const moved = http.post(`${base}/api/v1/wallet/${path}`, JSON.stringify({ amount: 7 }), command(token, path));
  check(moved, { moved: (answer) => answer.status === 201 });
}

export function teardown({ token }) {
  const who = { headers: { Authorization: `Bearer ${token}` } };
  let sum = 0;
  let after = '';
  for (;;) {
    const page = http.get(`${base}/api/v1/wallet/entries?limit=200${after}`, who).json();
    page.data.forEach((entry) => { sum += entry.kind === 'use' ? -entry.amount : entry.amount; });
    if (!page.next_cursor) break;
    after = `&after=${page.next_cursor}`;
  }
  const { balance } = http.get(`${base}/api/v1/wallet`, who).json();
  check(balance, { 'the balance is the sum of the entries': (found) => found === sum });
}
