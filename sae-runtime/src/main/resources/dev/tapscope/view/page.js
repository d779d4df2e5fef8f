'use strict';
document.documentElement.classList.add('js');
for (const sheet of document.querySelectorAll('section.sheet')) {
  const tokens = [...sheet.querySelectorAll('.tok')];
  const body = sheet.querySelector('tbody.features');
  const rows = [...body.rows];
  const now = sheet.querySelector('.now');
  const legend = sheet.querySelector('.legend-name');
  const idle = now.textContent;
  const opacity = r => r > 0 ? 0.05 + 0.95 * Math.log10(1 + 9 * Math.min(1, r)) : 0;

  // data-v of a row: token:share:value, ...
  const firings = new Map(rows.map(row => [row, new Map(
    row.dataset.v.split(' ').filter(s => s).map(s => {
      const [token, share, value] = s.split(':');
      return [token, { share: +share, value }];
    }))]));
  const lead = rows.find(row => row.dataset.lead === 'true');
  let lockedToken = null;
  let lockedRow = null;

  function colour(row) {
    for (const token of tokens) {
      const firing = row ? firings.get(row).get(token.dataset.i) : undefined;
      token.style.setProperty('--a', opacity(firing ? firing.share : 0));
    }
    if (row) legend.textContent = row.dataset.name;
    for (const r of rows) r.classList.toggle('on', r === lockedRow);
  }

  function filter(token) {
    for (const t of tokens) t.setAttribute('aria-pressed', String(t === lockedToken));
    const at = row => token ? firings.get(row).get(token.dataset.i) : undefined;
    let listed = 0;
    for (const row of rows) {
      const firing = at(row);
      row.classList.toggle('off', token !== null && !firing);
      const here = row.querySelector('.here');
      here.replaceChildren();
      if (firing) {
        listed++;
        const b = document.createElement('b');
        b.textContent = firing.value;
        b.style.setProperty('--a', opacity(firing.share));
        here.append(b);
      }
    }
    const order = token
      ? [...rows].sort((x, y) => (at(y) ? +at(y).value : -1) - (at(x) ? +at(x).value : -1))
      : rows;
    body.append(...order);
    now.textContent = token
      ? 'At \u201c' + token.textContent + '\u201d, position ' + token.dataset.p + ': ' + listed +
        ' listed of ' + token.dataset.n + ' active features. ' + (token === lockedToken
          ? 'Locked: click it again or press Esc to release.' : 'Click to lock.')
      : idle;
  }

  const settle = () => { filter(lockedToken); colour(lockedRow || lead); };

  function lockToken(token) {
    lockedToken = lockedToken === token ? null : token;
    settle();
  }

  function focus(token) {
    for (const t of tokens) t.tabIndex = t === token ? 0 : -1;
    token.focus();
  }

  for (const token of tokens) {
    token.addEventListener('mouseenter', () => { if (!lockedToken) filter(token); });
    token.addEventListener('mouseleave', () => { if (!lockedToken) filter(null); });
    token.addEventListener('click', () => lockToken(token));
    token.addEventListener('keydown', event => {
      const visible = tokens.filter(t => t.offsetParent !== null);
      const place = visible.indexOf(token);
      if (event.key === 'Enter' || event.key === ' ') lockToken(token);
      else if (event.key === 'ArrowRight') focus(visible[Math.min(place + 1, visible.length - 1)]);
      else if (event.key === 'ArrowLeft') focus(visible[Math.max(place - 1, 0)]);
      else if (event.key === 'Home') focus(visible[0]);
      else if (event.key === 'End') focus(visible[visible.length - 1]);
      else return;
      event.preventDefault();
    });
  }
  for (const row of rows) {
    row.addEventListener('mouseenter', () => colour(row));
    row.addEventListener('mouseleave', () => colour(lockedRow || lead));
    row.addEventListener('focusin', () => colour(row));
    row.addEventListener('focusout', () => colour(lockedRow || lead));
    row.addEventListener('click', () => {
      lockedRow = lockedRow === row ? null : row;
      colour(lockedRow || lead);
    });
  }
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      lockedToken = null;
      lockedRow = null;
      settle();
    }
  });
}
