// Payments that were made elsewhere are confirmed: 100 users for 15 s, a second of thought between.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { base, bringIn, setting } from './house.js';

export const options = {
  scenarios: {
    confirm: { executor: 'constant-vus', vus: setting('USERS', 100), duration: __ENV.DURATION || '15s' },
  },
  thresholds: { checks: ['rate==1'], iterations: ['count>0'] },
};

export function setup() {
  const { show } = bringIn({ ticket_types: [{ name: 'Standing', price: 10000, quantity: 100000 }] });
  return { type: Number(show.ticket_types[0].split('_')[1]), run: Date.now() };
}

export default function confirm({ type, run }) {
  const body = {
    paymentKey: 'test-key', orderId: `${run}-${__VU}-${__ITER}`, amount: 10000, ticketTypeId: type, memberId: 1 + (__VU % 100),
  };
  const answer = http.post(`${base}/v1/api/payments/confirm`, JSON.stringify(body), {
    headers: { 'Content-Type': 'application/json' },
  });
  check(answer, { confirmed: (said) => said.status === 200 && said.json('message').includes('성공') });
  sleep(setting('THINK', 1));
}
