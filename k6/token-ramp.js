// Ever more users ask for a token of the queue, each for another user.
import http from 'k6/http';
import { check } from 'k6';
import { base, setting } from './house.js';

const most = setting('USERS', 2000);
const step = __ENV.DURATION || '60s';

export const options = {
  scenarios: {
    tokens: {
      executor: 'ramping-vus',
      startVUs: Math.ceil(most / 2),
      stages: [{ duration: step, target: Math.ceil(most * 0.75) }, { duration: step, target: most }],
    },
  },
  thresholds: { checks: ['rate==1'], http_req_failed: ['rate==0'], iterations: ['count>0'] },
};

export function setup() {
  return { run: Date.now() };
}

export default function issue({ run }) {
  const body = JSON.stringify({ userId: `k6-${run}-${__VU}-${__ITER}` });
  const answer = http.post(`${base}/queue/issue`, body, { headers: { 'Content-Type': 'application/json' } });
  check(answer, { 'a token': (said) => said.status === 200 && said.json('data.token').length >= 32 });
}
