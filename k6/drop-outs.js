// Most hold a seat and never pay; what lapsed is free for the next.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { accounts, base, bringIn, command, heldOr, rows, setting } from './house.js';

const hold = setting('HOLD', 3);
const held = new Counter('seats_held');
const paid = new Counter('seats_paid');

export const options = {
  scenarios: {
    drop: { executor: 'constant-vus', vus: setting('USERS', 100), duration: __ENV.DURATION || '20s' },
  },
  thresholds: { checks: ['rate==1'], seats_held: ['count>0'], seats_paid: ['count>0'] },
};

export function setup() {
  const { show } = bringIn({ seats: rows(500), hold_seconds: hold });
  const first = Number(show.seats[0][0].split('_')[1]);
  return { show: show.id, first, tokens: accounts(setting('ACCOUNTS', 100)) };
}

export default function drop({ show, first, tokens }) {
  const token = tokens[__VU % tokens.length];
  const seat = `seat_${first + Math.floor(Math.random() * 500)}`;
  const wish = JSON.stringify({ show, seats: [seat] });
  const answer = http.post(`${base}/api/v1/reservations`, wish, command(token, 'hold'));
  check(answer, { 'held, or somebody was faster': (said) => heldOr(said, ['SEAT_TAKEN']) });
  if (answer.status === 201) {
    held.add(1);
    if (__ITER % 5 === 0) pay(token, answer);
  }
  sleep(0.1);
}

function pay(token, answer) {
  http.post(`${base}/api/v1/wallet/charges`, JSON.stringify({ amount: answer.json('total') }), command(token, 'charge'));
  const reservation = JSON.stringify({ reservation: answer.json('id') });
  const said = http.post(`${base}/api/v1/payments`, reservation, command(token, 'pay'));
  // It may be too late for it.
  check(said, { 'paid, or over': (one) => one.status === 201 || one.status === 409 || one.status === 410 });
  if (said.status === 201) paid.add(1);
}
