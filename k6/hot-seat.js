// Everybody wants the same seat; who gets it gives it back at once.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { accounts, base, bringIn, command, rows, setting } from './house.js';

const held = new Counter('seat_held');

export const options = {
  scenarios: {
    tug: { executor: 'constant-vus', vus: setting('USERS', 64), duration: __ENV.DURATION || '5s' },
  },
  thresholds: { checks: ['rate==1'], seat_held: ['count>0'] },
};

export function setup() {
  const { show } = bringIn({ seats: rows(50) });
  return { show: show.id, seat: show.seats[0][0], tokens: accounts(setting('ACCOUNTS', 64)) };
}

export default function want({ show, seat, tokens }) {
  const token = tokens[__VU % tokens.length];
  const wish = JSON.stringify({ show, seats: [seat] });
  const answer = http.post(`${base}/api/v1/reservations`, wish, command(token, 'hold'));
  check(answer, { 'held, or somebody else has it': (said) => said.status === 201 || said.json('code') === 'SEAT_TAKEN' });
  if (answer.status !== 201) return;
  held.add(1);
  const path = `/api/v1/reservations/${answer.json('id')}/actions/release`;
  const released = http.post(`${base}${path}`, null, command(token, 'release'));
  check(released, { released: (said) => said.status === 200 });
}
