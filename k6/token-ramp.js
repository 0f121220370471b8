// Ever more users ask for a token of the queue, each for another user; then so many ask a second,
// whatever the house does.
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import { base, setting, times } from './house.js';

// USERS is the last step. The greatest is 10000, for which k6 itself needs some 5 GB and much of the
// machine: it is for whoever asks for it.
const most = setting('USERS', 2000);
const steps = [1000, 1500, 1900, 2000, 10000].filter((users) => users < most).concat(most);
const step = __ENV.DURATION || '60s';

const counted = { checks: ['rate==1'], http_req_failed: ['rate==0'] };
// Each step has to come: one in which nobody asked is not green.
steps.concat('rate').forEach((act) => { counted[`http_reqs{act:${act}}`] = ['count>0']; });
// What nobody was free to ask is missing from the load.
counted.dropped_iterations = ['count==0'];

export const options = {
  scenarios: {
    // One scenario for all steps, so that its users are made once.
    steps: {
      executor: 'ramping-vus',
      startVUs: steps[0],
      stages: [].concat(...steps.map((target) => [{ duration: '0s', target }, { duration: step, target }])),
    },
    rate: {
      executor: 'constant-arrival-rate',
      exec: 'keepComing',
      rate: setting('RATE', 2620),
      duration: step,
      preAllocatedVUs: Math.min(most, 2000),
      startTime: times(steps.length, step),
    },
  },
  thresholds: counted,
};

export function setup() {
  return { run: Date.now() };
}

function issue(run, act) {
  const { name, iterationInTest } = exec.scenario;
  const body = JSON.stringify({ userId: `k6-${run}-${name}-${iterationInTest}` });
  const headers = { 'Content-Type': 'application/json' };
  const answer = http.post(`${base}/queue/issue`, body, { headers, tags: { act } });
  check(answer, { 'a token': (said) => said.status === 200 && said.json('data.token').length >= 32 });
}

export default function climb({ run }) {
  const at = Math.min(Math.floor(exec.scenario.progress * steps.length), steps.length - 1);
  issue(run, String(steps[at]));
}

export function keepComing({ run }) {
  issue(run, 'rate');
}
