// Users look at all seats of a show.
import http from 'k6/http';
import { check } from 'k6';
import { base, bringIn, rows, setting } from './house.js';

export const options = {
  scenarios: {
    browse: { executor: 'constant-vus', vus: setting('USERS', 1000), duration: __ENV.DURATION || '60s' },
  },
  thresholds: { checks: ['rate==1'], iterations: ['count>0'] },
};

export function setup() {
  return { show: bringIn({ seats: rows(50) }).show.id };
}

export default function look({ show }) {
  const seats = http.get(`${base}/api/v1/shows/${show}/seats`);
  check(seats, { 'all seats': (answer) => answer.status === 200 && answer.json('seats').length === 50 });
}
