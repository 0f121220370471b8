// The whole flow at a modest rate for hours: watch the house's memory, open files and disk meanwhile.
// Whoever bought gives his seat back: in hours more come than there are seats.
import http from 'k6/http';
import { check } from 'k6';
import visit, { setup as prepare } from './whole-flow.js';
import { base, command, setting } from './house.js';

export const options = {
  scenarios: {
    visits: {
      executor: 'constant-arrival-rate',
      rate: setting('RATE', 50),
      duration: __ENV.DURATION || '2h',
      preAllocatedVUs: setting('USERS', 500),
    },
  },
  thresholds: {
    checks: ['rate==1'],
    tickets_bought: ['count>0'],
    http_req_failed: ['rate<0.01'],
    dropped_iterations: ['count==0'],
  },
};

export function setup() {
  return prepare();
}

export default function stay(data) {
  const bought = visit(data);
  if (!bought) return;
  const path = `${base}/api/v1/reservations/${bought.reservation}/actions/cancel`;
  const back = http.post(path, null, command(bought.token, 'cancel'));
  check(back, { 'given back': (answer) => answer.status === 200 });
}
