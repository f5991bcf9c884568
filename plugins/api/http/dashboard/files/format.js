// SPDX-License-Identifier: MIT
// Figures, times and bytes as people read them. Numbers of 64 bits come as text and stay BigInt until they are shown.

const wholeNumbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const smallNumbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });

export function big(text) {
  return text === undefined || text === null || text === '' ? 0n : BigInt(text);
}

export function count(value) {
  return wholeNumbers.format(value);
}

export function rate(value) {
  return value !== 0 && value < 10 ? smallNumbers.format(value) : wholeNumbers.format(value);
}

export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let number = Number(value);
  let unit = 0;
  for (; number >= 1024 && unit + 1 < units.length; ++unit) number /= 1024;
  return `${number < 10 && unit > 0 ? number.toFixed(1) : Math.round(number)} ${units[unit]}`;
}

// Of a request: from microseconds to seconds.
export function seconds(value) {
  if (!Number.isFinite(value)) return '–';
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 1) return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
  return `${value.toFixed(1)} s`;
}

// Of a wait: from seconds to days.
export function duration(milliseconds) {
  const all = Math.max(0, Math.round(milliseconds / 1000));
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min ${all % 60} s`;
  if (all < 86400) return `${Math.floor(all / 3600)} h ${Math.floor((all % 3600) / 60)} min`;
  return `${Math.floor(all / 86400)} d ${Math.floor((all % 86400) / 3600)} h`;
}

const clock = new Intl.DateTimeFormat('en', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' });

export function timeOfDay(milliseconds) {
  const time = new Date(milliseconds);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? clock.format(time) : `${day.format(time)} ${clock.format(time)}`;
}

// A record's member, which is a text, or with `_base64` behind its name bytes that are none.
export function bytesOf(record, name) {
  if (record[`${name}_base64`] === undefined) return new TextEncoder().encode(record[name] ?? '');
  return Uint8Array.from(atob(record[`${name}_base64`]), (letter) => letter.charCodeAt(0));
}

// Null: the bytes are no text that could be shown and edited without a loss.
export function textOf(data) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\r]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

export function hexOf(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

// Null: the text is not pairs of hexadecimal digits.
export function bytesOfHex(text) {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

// A key as it is shown: what is not printable as \xNN.
export function shownKey(data) {
  const text = textOf(data);
  if (text !== null && !/[\n\t]/.test(text)) return text;
  return Array.from(data, (byte) =>
    byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

export function percentEncoded(data) {
  return Array.from(data, (byte) =>
    /[A-Za-z0-9_~-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
