// SPDX-License-Identifier: MIT
// Elements are made here and nowhere else. What comes from the cluster only ever becomes text: no markup is parsed.

// Attributes as they stand in HTML; a function is a listener of the event that its name says; false and null are left
// out. Children are nodes or texts.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

// Nothing is touched when nothing changes, so that a selection or a screen reader is not disturbed.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

// Makes the children those of `keys`, in this order: those that are there stay, with focus and selection.
export function keepChildren(parent, keys, create) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  const children = keys.map((key) => {
    let child = known.get(key);
    if (child === undefined) {
      child = create(key);
      child.dataset.key = key;
    }
    known.delete(key);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    return child;
  });
  for (const gone of known.values()) gone.remove();
  return children;
}
