// Charges and uses of points in turn, of many users, and a spike on a single one, with the metrics and
// thresholds that such tests are known by. SCENARIO=single_user_spike runs the spike alone.
import http from 'k6/http';
import { check } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';
import { accounts, base, command, setting } from './house.js';

const failures = new Counter('concurrency_failures');
const mismatch = new Counter('expected_amount_mismatch');
const success = new Rate('success_rate');
const errors = new Counter('point_charge_errors');
const time = new Trend('point_charge_time', true);
const charged = new Counter('point_charge_success');
const inconsistent = new Counter('point_consistency_failures');

const duration = __ENV.DURATION || '120s';
const all = {
  spread: { executor: 'constant-vus', exec: 'spread', vus: setting('USERS', 100), duration },
  single_user_spike: { executor: 'constant-vus', exec: 'spike', vus: setting('SPIKE_USERS', 50), duration },
};
const wanted = __ENV.SCENARIO;

export const options = {
  scenarios: wanted ? { [wanted]: all[wanted] } : all,
  thresholds: {
    http_req_duration: ['p(95)<500'],
    point_charge_errors: ['count<50'],
    success_rate: ['rate>0.95'],
    point_consistency_failures: ['count<5'],
    point_charge_success: ['count>0'],
    expected_amount_mismatch: ['count==0'],
  },
};

export function setup() {
  const tokens = accounts(setting('ACCOUNTS', 50));
  // Enough for whatever is used first.
  const body = JSON.stringify({ amount: 10000000 });
  tokens.forEach((token) => http.post(`${base}/api/v1/wallet/charges`, body, command(token, 'opening')));
  return { tokens };
}

function move(token) {
  const amount = 100;
  const isCharge = __ITER % 2 === 0;
  const path = isCharge ? 'charges' : 'uses';
  const answer = http.post(`${base}/api/v1/wallet/${path}`, JSON.stringify({ amount }), command(token, path));
  const ok = answer.status === 201;
  success.add(ok);
  check(answer, { moved: () => ok });
  if (isCharge) time.add(answer.timings.duration);
  if (!ok) {
    if (isCharge) errors.add(1);
    if (answer.status === 409 || answer.status === 503) failures.add(1);
    return;
  }
  if (isCharge) charged.add(1);
  if (answer.json('entry.amount') !== amount) mismatch.add(1);
}

export function spread({ tokens }) {
  move(tokens[1 + (__VU % (tokens.length - 1))]);
}

export function spike({ tokens }) {
  move(tokens[0]);
}

// The oracle: not what was expected when the request was sent, which others may have overtaken, but
// whether each balance is the sum of its entries.
export function teardown({ tokens }) {
  tokens.forEach((token) => {
    const who = { headers: { Authorization: `Bearer ${token}` } };
    const { balance } = http.get(`${base}/api/v1/wallet`, who).json();
    let sum = 0;
    let after = '';
    for (;;) {
      const page = http.get(`${base}/api/v1/wallet/entries?limit=200${after}`, who).json();
      page.data.forEach((entry) => { sum += entry.kind === 'use' ? -entry.amount : entry.amount; });
      if (!page.next_cursor) break;
      after = `&after=${page.next_cursor}`;
    }
    if (sum !== balance) inconsistent.add(1);
  });
}
