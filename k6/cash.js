// Charges, then uses, then half of each mixed, all of one wallet: whatever comes first, nothing is lost
// and nothing is done twice.
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import { accounts, base, command, setting } from './house.js';

// Of each act.
const count = setting('COUNT', 3000);
// Whatever comes first, the wallet has enough.
const opening = 100000000;
const acts = ['charges', 'uses', 'mixed'];

// One act begins where the other ends, however long that takes; at the seam some of both are on their way.
export const options = {
  scenarios: {
    movements: {
      executor: 'shared-iterations', vus: setting('USERS', 100), iterations: acts.length * count, maxDuration: '180s',
    },
  },
  thresholds: acts.reduce(
    (all, act) => Object.assign(all, { [`http_reqs{act:${act}}`]: [`count==${count}`] }),
    { checks: ['rate==1'] },
  ),
};

// What comes as number so and so. Amounts differ, so that what is lost cannot hide behind what is doubled.
function movement(number) {
  const act = acts[Math.floor(number / count)];
  const mixed = number % 2 === 0 ? 'charges' : 'uses';
  return { act, path: act === 'mixed' ? mixed : act, amount: 1 + (number % 97) };
}

export function setup() {
  const [token] = accounts(1);
  http.post(`${base}/api/v1/wallet/charges`, JSON.stringify({ amount: opening }), command(token, 'opening'));
  return { token };
}

export default function move({ token }) {
  const { act, path, amount } = movement(exec.scenario.iterationInTest);
  const how = command(token, path);
  how.tags.act = act;
  const moved = http.post(`${base}/api/v1/wallet/${path}`, JSON.stringify({ amount }), how);
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
  let due = opening;
  for (let number = 0; number < acts.length * count; number += 1) {
    const { path, amount } = movement(number);
    due += path === 'uses' ? -amount : amount;
  }
  const { balance } = http.get(`${base}/api/v1/wallet`, who).json();
  check(balance, {
    'the balance is the sum of the entries': (found) => found === sum,
    'the balance is what all movements come to': (found) => found === due,
  });
}
