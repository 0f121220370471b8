// Users look at the concerts of a day; many look at the same days.
import http from 'k6/http';
import { check } from 'k6';
import { base, bringConcerts, day, setting } from './house.js';

const days = 30;

export const options = {
  scenarios: {
    look: { executor: 'constant-vus', vus: setting('USERS', 256), duration: __ENV.DURATION || '10s' },
  },
  thresholds: { checks: ['rate==1'], iterations: ['count>0'] },
};

export function setup() {
  bringConcerts(setting('CONCERTS', 3000));
}

export default function look() {
  const date = day((__VU + __ITER) % days);
  const list = http.get(`${base}/api/v1/concerts?date=${date}`, { tags: { name: 'concerts of a day' } });
  check(list, { 'there are some': (answer) => answer.status === 200 && answer.json('data').length > 0 });
}
