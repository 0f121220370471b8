// Payments that were made elsewhere are confirmed: 100 users for 15 s, a second of thought between; then
// ever more a second, whatever the house does.
import http from 'k6/http';
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import { base, bringIn, setting } from './house.js';

const duration = __ENV.DURATION || '15s';

export const options = {
  scenarios: {
    confirm: { executor: 'constant-vus', vus: setting('USERS', 100), duration },
    ramp: {
      executor: 'ramping-arrival-rate',
      exec: 'ask',
      startRate: 10,
      timeUnit: '1s',
      preAllocatedVUs: setting('RAMP_USERS', 256),
      stages: [{ duration, target: setting('RATE', 500) }],
      startTime: duration,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    'iterations{scenario:confirm}': ['count>0'],
    'iterations{scenario:ramp}': ['count>0'],
    // What nobody was free to ask is missing from the load.
    dropped_iterations: ['count==0'],
  },
};

export function setup() {
  const { show } = bringIn({ ticket_types: [{ name: 'Standing', price: 10000, quantity: 100000 }] });
  return { type: Number(show.ticket_types[0].split('_')[1]), run: Date.now() };
}

export function ask({ type, run }) {
  const { name, iterationInTest } = exec.scenario;
  const body = {
    paymentKey: 'test-key',
    orderId: `${run}-${name}-${iterationInTest}`,
    amount: 10000,
    ticketTypeId: type,
    memberId: 1 + (iterationInTest % 100),
  };
  const answer = http.post(`${base}/v1/api/payments/confirm`, JSON.stringify(body), {
    headers: { 'Content-Type': 'application/json' },
  });
  check(answer, { confirmed: (said) => said.status === 200 && said.json('message').includes('성공') });
}

export default function confirm(data) {
  ask(data);
  sleep(setting('THINK', 1));
}
