// More buyers than tickets: each holds 1 to 4, charges what they cost and pays, until nothing is left.
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { accounts, base, bringIn, command, heldOr, none, setting, stockOf } from './house.js';

const stock = setting('STOCK', 10000);
const sold = new Counter('tickets_sold');

export const options = {
  scenarios: {
    buy: { executor: 'shared-iterations', vus: setting('USERS', 256), iterations: setting('COUNT', 15000), maxDuration: '120s' },
  },
  thresholds: { checks: ['rate==1'], tickets_sold: ['count>0', `count<=${stock}`] },
};

export function setup() {
  const { show } = bringIn({ ticket_types: [{ name: 'Standing', price: 1000, quantity: stock }] });
  return { show: show.id, type: show.ticket_types[0], tokens: accounts(setting('ACCOUNTS', 256)) };
}

export default function buy({ show, type, tokens }) {
  const number = exec.scenario.iterationInTest;
  const token = tokens[number % tokens.length];
  const quantity = 1 + (number % 4);
  const wish = JSON.stringify({ show, tickets: [{ ticket_type: type, quantity }] });
  const held = http.post(`${base}/api/v1/reservations`, wish, command(token, 'hold'));
  check(held, { 'held, or told that so many are not left': (answer) => heldOr(answer, none) });
  if (held.status !== 201) return;
  const amount = JSON.stringify({ amount: held.json('total') });
  http.post(`${base}/api/v1/wallet/charges`, amount, command(token, 'charge'));
  const reservation = JSON.stringify({ reservation: held.json('id') });
  const paid = http.post(`${base}/api/v1/payments`, reservation, command(token, 'pay'));
  if (check(paid, { paid: (answer) => answer.status === 201 })) sold.add(quantity);
}

export function teardown({ show, type }) {
  check(stockOf(show, type), { 'nothing is sold beyond the stock': (one) => one.held + one.sold <= stock });
}
