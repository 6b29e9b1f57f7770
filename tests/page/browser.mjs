// The page in a browser: axe finds nothing in it, at a phone's width and at a screen's, in light and in dark; nothing is wider
// than the window; keys alone do what a mouse does; and there is no script to need. Called by tests/page/run.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [address, work, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { NSELF_OPERATOR_SECRET: operator, NSELF_ACTIONS_SECRET: admin } = process.env;
const browser = await chromium.launchPersistentContext(path.join(work, 'browser'), {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  javaScriptEnabled: false,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const page = browser.pages()[0] ?? await browser.newPage();
const complaints = [];
page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()); });
page.on('request', request => { if (!request.url().startsWith(address) && !request.url().startsWith('data:')) complaints.push(request.url()); });

// axe is not the page's: it runs beside it, where the page's policy does not hold and scripts are on.
const judge = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

// A document in every width and scheme.
async function look(name, html) {
  for (const width of [360, 1440]) {
    for (const colorScheme of ['light', 'dark']) {
      const context = await judge.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const copy = await context.newPage();
      await copy.setContent(html);
      await copy.evaluate(() => document.querySelectorAll('details').forEach(details => { details.open = true; }));
      await copy.screenshot({ path: path.join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      await copy.addScriptTag({ content: axe });
      const { violations } = await copy.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
      const found = violations.map(of => `${of.id}: ${of.help}: ${of.nodes.map(node => node.html).slice(0, 3).join(' ')}`);
      assert.deepEqual(found, [], `axe at ${width} px, ${colorScheme}, ${name}`);
      const wide = await copy.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${name} is ${wide} px wider than ${width} px`);
      await context.close();
    }
  }
}

// Goes on by the Tab key until the element is in focus; fails if the key does not lead there.
async function tabTo(selector) {
  for (let presses = 0; presses < 200; presses += 1) {
    if (await page.evaluate(wanted => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to ${selector}`);
}
async function press(selector) {
  await tabTo(selector);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}
const text = async selector => (await page.locator(selector).allInnerTexts()).join('\n');

await page.goto(address);
assert.equal(new URL(page.url()).pathname, '/sign-in');
await tabTo('#secret');
await page.keyboard.type('not the secret at all');
await press('button[type=submit]');
assert.match(await text('#wrong'), /not the secret/);
await look('sign-in', await page.content());
await tabTo('#secret');
await page.keyboard.type(operator);
await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
assert.equal(new URL(page.url()).pathname, '/');

// The first key leads past the band and the navigation.
await page.keyboard.press('Tab');
assert.equal(await text(':focus'), 'Skip to the content');
await press('form[action="/look"] button');
assert.equal(new URL(page.url()).hash, '#drift');
assert.match(await text('section[aria-labelledby=drift]'), /temp_import_2026_05_07/);
await press('form[action="/plan"] button');
assert.match(await text('section[aria-labelledby=plan]'), /to apply/);
await press('form[action="/rehearse"] button');
assert.match(await text('section[aria-labelledby=migrations]'), /rewrites-table/);
assert.match(await text('section[aria-labelledby=tenants]'), /acme-corp/);
await look('page', await page.content());

// A heal, by keys alone.
await tabTo('.heal summary');
await page.keyboard.press('Enter');
await tabTo('#admin-secret');
await page.keyboard.type(admin);
await tabTo('#confirm');
await page.keyboard.type('page');
await press('.heal button[type=submit]');
assert.match(await text('#notice'), /Healed as job 1: \d+ applied/);
await look('healed', await page.content());
await look('file', readFileSync(path.join(work, 'drift.html'), 'utf8'));
await press('a[href="/?keep-current"]');
assert.match(await text('.current'), /Reloads every 30 s/);
await press('form[action="/sign-out"] button');
assert.equal(new URL(page.url()).pathname, '/sign-in');

const expected = complaints.filter(text => !/401 \(Unauthorized\)/.test(text));
assert.deepEqual(expected, [], 'the browser complains of nothing, and loads nothing from elsewhere');
await browser.close();
await judge.close();
