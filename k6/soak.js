// The whole flow at a modest rate for hours: watch the house's memory, open files and disk meanwhile.
import visit, { setup as prepare } from './whole-flow.js';
import { setting } from './house.js';

export const options = {
  scenarios: {
    visits: {
      executor: 'constant-arrival-rate',
      rate: setting('RATE', 50),
      duration: __ENV.DURATION || '2h',
      preAllocatedVUs: setting('USERS', 500),
    },
  },
  thresholds: { checks: ['rate==1'], tickets_bought: ['count>0'], http_req_failed: ['rate<0.01'] },
};

export function setup() {
  return prepare();
}

export default visit;
