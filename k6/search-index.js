// Users look at the next 30 concerts of a category from a day on.
import http from 'k6/http';
import { check } from 'k6';
import { base, bringConcerts, categories, day, setting } from './house.js';

export const options = {
  scenarios: {
    look: { executor: 'constant-vus', vus: setting('USERS', 64), duration: __ENV.DURATION || '10s' },
  },
  thresholds: { checks: ['rate==1'], iterations: ['count>0'] },
};

export function setup() {
  bringConcerts(setting('CONCERTS', 700000));
}

export default function look() {
  const category = (__VU + __ITER) % categories;
  const query = `category=k${category}&from=${day(0)}T00:00:00Z&limit=30`;
  const list = http.get(`${base}/api/v1/concerts?${query}`, { tags: { name: 'concerts of a category' } });
  check(list, { 'there are some': (answer) => answer.status === 200 && answer.json('data').length > 0 });
}
