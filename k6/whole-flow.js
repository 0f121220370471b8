// A visit from the queue to the ticket, so many a second whatever the house does.
import http from 'k6/http';
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { accounts, base, bringIn, command, heldOr, rows, setting } from './house.js';

const tickets = new Counter('tickets_bought');

export const options = {
  scenarios: {
    visits: {
      executor: 'constant-arrival-rate',
      rate: setting('RATE', 20),
      duration: __ENV.DURATION || '30s',
      preAllocatedVUs: setting('USERS', 100),
    },
  },
  // A visit that nobody was free to make is missing from the load.
  thresholds: { checks: ['rate==1'], tickets_bought: ['count>0'], dropped_iterations: ['count==0'] },
};

export function setup() {
  const room = { active_max: null, rate: null, poll_floor_ms: 250, react_slack_ms: 250 };
  const made = bringIn({ seats: rows(setting('SEATS', 5000)) }, room);
  return { concert: made.concert, room: made.room, show: made.show.id, first: made.show.seats[0][0], tokens: accounts(Math.max(setting('ACCOUNTS', 500), 200)) };
}

export default function visit({ concert, room, show, first, tokens }) {
  // Each visit is somebody else's: one buyer has one place.
  const token = tokens[exec.scenario.iterationInTest % tokens.length];
  const who = { headers: { Authorization: `Bearer ${token}` } };
  let place = http.post(`${base}/api/v1/rooms/${room}/places`, null, who);
  for (let tries = 0; tries < 100 && place.json('status') !== 'active'; tries += 1) {
    sleep(0.1);
    const headers = { 'queue-token': place.json('token') };
    place = http.get(`${base}/api/v1/rooms/${room}/place`, { headers });
  }
  const pass = place.json('token');
  http.get(`${base}/api/v1/concerts/${concert}/shows`);
  const seats = http.get(`${base}/api/v1/shows/${show}/seats`, { headers: { 'queue-token': pass, Authorization: `Bearer ${token}` } });
  check(seats, { 'seats are shown': (answer) => answer.status === 200 });
  const free = seats.json('seats').filter((seat) => seat.state === 'available');
  const seat = free[Math.floor(Math.random() * free.length)] || { id: first };
  const held = http.post(`${base}/api/v1/reservations`, JSON.stringify({ show, seats: [seat.id] }), command(token, 'hold', pass));
  check(held, { 'held, or somebody was faster': (answer) => heldOr(answer, ['SEAT_TAKEN']) });
  if (held.status !== 201) {
    http.del(`${base}/api/v1/rooms/${room}/place`, null, who);
    return null;
  }
  const amount = held.json('total');
  http.post(`${base}/api/v1/wallet/charges`, JSON.stringify({ amount }), command(token, 'charge'));
  const paid = http.post(`${base}/api/v1/payments`, JSON.stringify({ reservation: held.json('id') }), command(token, 'pay', pass));
  check(paid, { paid: (answer) => answer.status === 201 });
  if (paid.status !== 201) return null;
  tickets.add(1);
  return { token, reservation: held.json('id') };
}
