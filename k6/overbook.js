// Everybody books one ticket of one event: 1,000 users for 5 s. Nothing may be sold beyond the stock.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { accounts, base, bringIn, command, heldOr, none, setting, stockOf } from './house.js';

// More than is asked for in the time, so that the rate is one of tickets and not of refusals. With a
// smaller one it is sold out, and the last check is about whoever was refused.
const stock = setting('STOCK', 1000000);
const sold = new Counter('tickets_sold');

export const options = {
  scenarios: {
    book: { executor: 'constant-vus', vus: setting('USERS', 1000), duration: __ENV.DURATION || '5s' },
  },
  // That somebody succeeds is one of the conditions: a test in which nobody does is not green.
  thresholds: { checks: ['rate==1'], tickets_sold: ['count>0', `count<=${stock}`] },
};

export function setup() {
  const { show } = bringIn({ ticket_types: [{ name: 'Standing', price: 1000, quantity: stock }] });
  return { show: show.id, type: show.ticket_types[0], tokens: accounts(setting('ACCOUNTS', 50)) };
}

export default function book({ show, type, tokens }) {
  const wish = { show, tickets: [{ ticket_type: type, quantity: 1 }] };
  const token = tokens[__VU % tokens.length];
  const held = http.post(`${base}/api/v1/reservations`, JSON.stringify(wish), command(token, 'hold'));
  check(held, { 'held, or told that nothing is left': (answer) => heldOr(answer, none) });
  if (held.status === 201) sold.add(1);
}

export function teardown({ show, type, tokens }) {
  check(stockOf(show, type), { 'held and sold stay within the stock': (one) => one.held + one.sold <= stock });
  const wish = { show, tickets: [{ ticket_type: type, quantity: 1 }] };
  const last = http.post(`${base}/api/v1/reservations`, JSON.stringify(wish), command(tokens[0], 'last'));
  // What is left can be had, and somebody is only refused when nothing is.
  check(stockOf(show, type), {
    'refused only when nothing is left': (one) => last.status === 201 || one.held + one.sold === stock,
  });
}
