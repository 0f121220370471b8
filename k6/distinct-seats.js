// Everybody holds a seat that nobody else wants: nothing is refused until all are held.
import http from 'k6/http';
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import { accounts, base, bringIn, command, rows, setting } from './house.js';

const seats = setting('SEATS', 20000);

export const options = {
  scenarios: {
    hold: { executor: 'constant-vus', vus: setting('USERS', 256), duration: __ENV.DURATION || '5s' },
  },
  thresholds: { checks: ['rate==1'], iterations: ['count>0'] },
};

export function setup() {
  const { show } = bringIn({ seats: rows(seats) });
  const first = Number(show.seats[0][0].split('_')[1]);
  return { show: show.id, first, tokens: accounts(setting('ACCOUNTS', 64)) };
}

export default function hold({ show, first, tokens }) {
  const number = exec.scenario.iterationInTest;
  if (number >= seats) {
    sleep(1);
    return;
  }
  const wish = JSON.stringify({ show, seats: [`seat_${first + number}`] });
  const held = http.post(`${base}/api/v1/reservations`, wish, command(tokens[number % tokens.length], 'hold'));
  check(held, { held: (answer) => answer.status === 201 });
}
