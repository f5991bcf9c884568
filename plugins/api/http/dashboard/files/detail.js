// SPDX-License-Identifier: MIT
// The chosen key: its value, and where the node allows it the means to change it. Every change is conditional: it
// takes effect only on the value that was looked at.

import { byId, make } from './dom.js';
import { big, bytes, bytesOf, bytesOfHex, count, duration, hexOf, shownKey, textOf } from './format.js';
import { deleteKey, readKey, writeKey } from './rest.js';

const kShownBytesMax = 64 * 1024;

const isSame = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);
const button = (label, click, kind = '') => make('button', { type: 'button', class: kind, click }, label);

export class Detail {
  // `onWritten` is called after each change that was made here.
  constructor(source, onWritten) {
    this.source = source;
    this.onWritten = onWritten;
    this.place = byId('detail');
    this.key = null;
    this.isEditing = false;
    this.reads = 0; // that were begun
    this.drawnRead = 0; // the latest that is shown
    this.place.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.isEditing) this.show(this.key);
    });
    this.fill(make('p', { class: 'lead' }, 'Choose a key to see its value.'));
  }

  get mayWrite() {
    return this.source.home.hello?.dashboard_writes === true;
  }

  fill(...children) {
    this.place.replaceChildren(...children);
  }

  async show(key) {
    this.key = key;
    this.isEditing = false;
    const number = ++this.reads;
    // The answer to an earlier read may come behind that to a later one, or to what is edited by then.
    const isOver = () => this.key !== key || this.isEditing || number < this.drawnRead;
    if (key === null) return this.fill(make('p', { class: 'lead' }, 'Choose a key to see its value.'));
    try {
      const found = await readKey(key);
      if (isOver()) return undefined;
      this.drawnRead = number;
      this.found = found;
      return this.draw(found);
    } catch (error) {
      if (isOver()) return undefined;
      const trouble = make('p', { class: 'bad', role: 'alert' }, sentence(error.message));
      return this.fill(make('h2', {}, shownKey(key)), trouble);
    }
  }

  // Another has changed keys: what is shown is read again; what is being edited is only marked.
  changed(changes) {
    if (this.key === null || !changes.some((change) => isSame(bytesOf(change.record, 'key'), this.key))) return;
    if (this.isEditing) this.place.querySelector('.changed-meanwhile')?.removeAttribute('hidden');
    else this.show(this.key);
  }

  draw(found) {
    const title = make('h2', {}, shownKey(this.key));
    if (found === null) return this.fill(title, make('p', { class: 'lead' }, 'There is no such key any more.'));
    const actions = !this.mayWrite ? null : make('p', { class: 'actions' },
      button('Edit', () => this.edit(found)), button('Delete', () => this.confirmDelete(found), 'danger'));
    return this.fill(title, ...this.facts(found), shownValue(found.value), actions);
  }

  facts(found) {
    const fact = (label, text) => make('div', {}, make('dt', {}, label), make('dd', {}, text));
    const life = found.leftMs === null ? 'for ever' : `for ${duration(found.leftMs)} from when it was read`;
    const facts = make('dl', {}, fact('Size', bytes(found.value.length)), fact('Revision', revisionText(found.tag)),
      fact('Created at', count(big(found.created))), fact('Changes', count(big(found.version))), fact('Lives', life));
    if (!found.isStale) return [facts];
    return [make('p', { class: 'bad' }, 'There is no leader: others may have a newer value.'), facts];
  }

  begin(prefix) {
    this.key = null;
    this.openForm('New key', { key: prefix.startsWith('hex:') ? '' : prefix, value: new Uint8Array(), tag: null });
  }

  edit(found) {
    const { value, tag } = found;
    this.openForm(shownKey(this.key), { key: null, value, tag, hasLife: found.leftMs !== null });
  }

  openForm(title, { key, value, tag, hasLife }) {
    this.isEditing = true;
    const isHex = textOf(value) === null;
    const area = make('textarea', { id: 'value', rows: 10, spellcheck: 'false' });
    area.value = isHex ? hexOf(value) : textOf(value);
    const name = key === null ? null
      : make('input', { id: 'key', required: true, autocomplete: 'off', spellcheck: 'false' });
    if (name) name.value = key;
    const lives = make('select', { id: 'life' },
      tag !== null && hasLife ? make('option', { value: 'keep' }, 'as long as it has left') : null,
      make('option', { value: 'ever' }, 'for ever'), make('option', { value: 'span' }, 'for a time'));
    const span = make('input', {
      id: 'span', placeholder: '90s, 15m, 2h', 'aria-label': 'How long it lives', hidden: true,
      pattern: '[0-9]+(ms|s|m|h)',
    });
    lives.addEventListener('change', () => {
      span.hidden = lives.value !== 'span';
      span.required = !span.hidden;
    });
    const problem = make('div', { role: 'alert' });
    const submit = (event) => {
      event.preventDefault();
      const data = isHex ? bytesOfHex(area.value) : new TextEncoder().encode(area.value);
      if (data === null) return complain(problem, 'The value is no pairs of hexadecimal digits.');
      const life = lives.value === 'ever' ? null : lives.value === 'keep' ? 'keep' : span.value;
      const target = name ? new TextEncoder().encode(name.value) : this.key;
      return this.write({ target, data, life, tag, problem });
    };
    const form = make('form', { class: 'edit', submit },
      name && make('label', { for: 'key' }, 'Key'), name,
      make('label', { for: 'value' }, isHex ? 'Value, as hexadecimal digits' : 'Value'), area,
      make('div', { class: 'life-row' }, make('label', { for: 'life' }, 'It lives'), lives, span),
      make('p', { class: 'changed-meanwhile warn', hidden: true }, 'Somebody has changed this key since you began.'),
      problem,
      make('p', { class: 'actions' },
        make('button', { type: 'submit', class: 'primary' }, tag === null ? 'Create' : 'Save'),
        button('Cancel', () => this.show(this.key))));
    this.fill(make('h2', {}, title), form);
    (name ?? area).focus();
  }

  async write({ target, data, life, tag, problem }) {
    try {
      await writeKey(target, data, life, tag);
      this.onWritten();
      await this.show(target);
      this.place.focus();
    } catch (error) {
      if (error.status === 412) return this.offerConflict({ target, data, life, tag, problem });
      complain(problem, failureText(error));
    }
    return undefined;
  }

  // The other's value beside one's own, and the choice.
  async offerConflict({ target, data, life, tag, problem }) {
    const theirs = await readKey(target).catch(() => undefined);
    if (theirs === undefined) return complain(problem, 'Nothing was changed, and the key cannot be read now.');
    const what = theirs === null ? 'It was deleted by somebody else.'
      : tag === null ? 'There is such a key already.' : 'Somebody else has changed it in the meantime.';
    const overwrite = () => this.write({ target, data, life, tag: theirs?.tag ?? null, problem });
    const give = () => this.show(target);
    return problem.replaceChildren(make('section', { class: 'conflict', 'aria-label': 'Conflict' },
      make('p', {}, make('strong', {}, 'Nothing was changed. '), what),
      theirs === null ? null : make('p', { class: 'lead' }, `As it is now, at revision ${revisionText(theirs.tag)}:`),
      theirs === null ? null : shownValue(theirs.value),
      make('p', { class: 'actions' },
        button(theirs === null ? 'Create it with mine' : 'Replace it with mine', overwrite, 'danger'),
        button(theirs === null ? 'Leave it deleted' : 'Keep theirs', give))));
  }

  confirmDelete(found) {
    const dialog = make('dialog', { 'aria-labelledby': 'really' });
    const close = () => dialog.close();
    const remove = async () => {
      close();
      try {
        await deleteKey(this.key, found.tag);
        this.onWritten();
        this.show(this.key);
      } catch (error) {
        const isConflict = error.status === 412;
        if (isConflict) await this.show(this.key);
        const changed = 'Nothing was deleted: somebody has changed the key since you looked at it.';
        const text = isConflict ? changed : failureText(error);
        this.place.prepend(make('p', { class: 'bad', role: 'alert' }, text));
      }
    };
    dialog.append(make('h2', { id: 'really' }, 'Delete this key?'), make('p', { class: 'file' }, shownKey(this.key)),
      make('p', { class: 'actions' }, button('Delete', remove, 'danger'), button('Cancel', close)));
    dialog.addEventListener('close', () => dialog.remove());
    this.place.append(dialog);
    dialog.showModal();
  }
}

function revisionText(tag) {
  return count(big((tag ?? '').replace(/[^0-9]/g, '')));
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

function complain(problem, text) {
  problem.replaceChildren(make('p', { class: 'bad' }, text));
}

function failureText(error) {
  if (error.outcome !== 'unknown') return sentence(error.message);
  return `It may have taken effect or not: ${error.message}. Look at the key before you try again.`;
}

function shownValue(value) {
  if (value.length === 0) return make('p', { class: 'lead' }, 'The value is empty.');
  const part = value.subarray(0, kShownBytesMax);
  const text = textOf(part.length === value.length ? value : part);
  const shown = make('pre', { tabindex: 0, 'aria-label': 'Value' }, text ?? hexOf(part));
  const lead = (line) => make('p', { class: 'lead' }, line);
  return make('div', { class: 'value' }, text === null ? lead('Bytes that are no text, in hexadecimal:') : null, shown,
    part.length === value.length ? null : lead(`The first ${bytes(part.length)} of ${bytes(value.length)}.`));
}
