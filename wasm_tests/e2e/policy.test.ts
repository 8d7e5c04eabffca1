// The Content-Security-Policy holds: on every page, and in the workers, which have a policy of their own.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kFirstLesson, kLesson, Site, type Visit } from './site.ts';

/** In a task of its own, since what the debugger evaluates is exempt. */
const attempt = (code: string) => `new Promise((settle) => setTimeout(() => {
  try { settle(String(${code})); } catch (error) { settle(error.name); }
}))`;

describe('the policy', () => {
  let site: Site;
  let visit: Visit;
  before(async () => {
    site = await Site.start();
    visit = await site.visit();
    await visit.badge();
  });
  after(() => site.close());

  it('leaves every page clean', async () => {
    for (const path of ['/', kFirstLesson, kLesson, '/404.html']) {
      for (const isolation of [true, false]) {
        const page = await site.visit({ path, isolation });
        await page.page.waitForLoadState('networkidle');
        page.assertClean();
        await page.close();
      }
    }
  });

  it('refuses eval in the page and in the worker', async () => {
    const worker = visit.page.workers().find((candidate) => candidate.url().includes('engine.worker'));
    assert.ok(worker, 'found no worker');
    for (const code of ["(0, eval)('1 + 1')", "new Function('return 2')()"]) {
      assert.equal(await visit.page.evaluate(attempt(code)), 'EvalError', `page: ${code}`);
      assert.equal(await worker.evaluate(attempt(code)), 'EvalError', `worker: ${code}`);
    }
  });

  it('refuses inline scripts and handlers', async () => {
    const ran = await visit.page.evaluate(`new Promise((settle) => setTimeout(() => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.injected = true';
      document.body.append(script);
      const button = document.createElement('button');
      button.setAttribute('onclick', 'globalThis.injected = true');
      document.body.append(button);
      button.click();
      settle(globalThis.injected === true);
    }))`);
    assert.equal(ran, false);
  });

  it('refuses to speak with other hosts', async () => {
    const answer = await visit.page.evaluate(`new Promise((settle) => setTimeout(() => {
      fetch('http://localhost:1/').then(() => settle('sent'), () => {});
      document.addEventListener('securitypolicyviolation', (event) => settle(event.effectiveDirective));
    }))`);
    assert.equal(answer, 'connect-src');
  });
});
