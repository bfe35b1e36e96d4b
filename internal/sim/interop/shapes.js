// Answers and messages against shapes.json, key by key. shapes.json says how to read it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const documented = JSON.parse(readFileSync(new URL('shapes.json', import.meta.url)));

const words = {
  any: () => true,
  null: (v) => v === null,
  boolean: (v) => typeof v === 'boolean',
  integer: (v) => Number.isSafeInteger(v),
  string: (v) => typeof v === 'string',
  decimal: (v) => typeof v === 'string' && /^-?\d+(\.\d+)?$/.test(v),
};

// A Checker holds values against the documented shapes, and remembers which keys and which alternatives it has met.
export class Checker {
  met = new Set();

  // shape is a value against a type. Situations, such as 'limit' and 'cancelled' for an order, say which of the keys that may
  // be absent are there; without any they are free.
  shape(what, value, type, ...situations) {
    const wrong = this.#complaints(value, type, what, situations.length > 0 ? situations : undefined);
    assert.deepEqual(wrong, [], `${what}: ${JSON.stringify(value)?.slice(0, 600)}`);
  }

  // answer is a raw answer to a documented request: status, envelope and data. It returns the data.
  answer(section, name, raw, ...situations) {
    assert.ok(name in documented[section], `${name} is not in shapes.json`);
    assert.equal(raw.status, 200, name);
    assert.match(raw.type, /^application\/json\b/, name);
    this.shape(name, raw.body, '#success');
    assert.equal(raw.body.success, 1, name);
    this.shape(name, raw.body.data, documented[section][name], ...situations);
    this.met.add(`${section} ${name}`);
    return raw.body.data;
  }

  // refusal is a raw answer that refuses with a code.
  refusal(what, raw, status, code) {
    this.shape(what, raw.body, '#failure');
    assert.deepEqual([raw.status, raw.body.success, raw.body.data.code], [status, 0, code], what);
    assert.match(raw.type, /^application\/json\b/, what);
  }

  // room is a message of the public stream.
  room(m, pair) {
    this.shape('a message', m, '#room message');
    assert.ok(m.room_name.endsWith(`_${pair}`), m.room_name);
    const room = m.room_name.slice(0, -pair.length - 1);
    assert.ok(room in documented.rooms, `${room} is not in shapes.json`);
    this.shape(m.room_name, m.message.data, documented.rooms[room]);
    this.met.add(`rooms ${room}`);
  }

  // message is one of the private stream.
  message(m) {
    this.shape('message', m, { method: 'string', params: 'any' });
    assert.ok(m.method in documented.messages, `${m.method} is not in shapes.json`);
    this.shape(m.method, m.params, documented.messages[m.method]);
    this.met.add(`messages ${m.method}`);
  }

  // unmet lists what of some sections was never met: whole answers, keys that may be absent, and alternatives.
  unmet(...sections) {
    const all = new Set();
    for (const section of sections) {
      for (const [name, type] of Object.entries(documented[section])) {
        all.add(`${section} ${name}`);
        this.#every(type, name, all);
      }
    }
    return [...all].filter((x) => !this.met.has(x)).sort();
  }

  // every collects all that there is to meet in a type.
  #every(type, at, all, within = []) {
    if (typeof type === 'string') {
      const alternatives = type.split('|');
      for (const a of alternatives) {
        if (alternatives.length > 1) all.add(`${at}: ${a}`);
        if (a.startsWith('#') && !within.includes(a)) this.#every(documented.shapes[a.slice(1)], a.slice(1), all, [...within, a]);
      }
    } else if (Array.isArray(type)) {
      for (const t of type) this.#every(t, at, all, within);
    } else {
      for (const [key, t] of Object.entries(keysOf(type))) {
        if (key.endsWith('?')) all.add(`${at}.${key}`);
        this.#every(t, `${at}.${key}`, all, within);
      }
    }
  }

  // complaints lists what is wrong; at names the place in the words of shapes.json.
  #complaints(value, type, at, situations) {
    if (typeof type === 'string') return this.#text(value, type, at, situations);
    if (Array.isArray(type)) return this.#list(value, type, at, situations);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return [`${at} is no object`];
    const keys = keysOf(type);
    const wrong = Object.keys(value).filter((k) => !(k in keys) && !(`${k}?` in keys)).map((k) => `${at} has an unknown key ${k}`);
    for (const [name, t] of Object.entries(keys)) {
      const key = name.replace('?', '');
      if (!(key in value)) {
        if (name === key) wrong.push(`${at} lacks ${key}`);
        continue;
      }
      if (name !== key) this.met.add(`${at}.${name}`);
      wrong.push(...this.#complaints(value[key], t, `${at}.${name}`, situations));
    }
    return wrong;
  }

  #text(value, type, at, situations) {
    const alternatives = type.split('|');
    let wrong = [];
    for (const a of alternatives) {
      wrong = this.#one(value, a, at, situations);
      if (wrong.length === 0) {
        if (alternatives.length > 1) this.met.add(`${at}: ${a}`);
        return [];
      }
    }
    return alternatives.length > 1 ? [`${at} is ${JSON.stringify(value)?.slice(0, 200)}, not ${type}`] : wrong;
  }

  #one(value, type, at, situations) {
    if (type.startsWith('#')) {
      const name = type.slice(1);
      assert.ok(name in documented.shapes, `shapes.json has no shape ${name}`);
      const wrong = this.#complaints(value, documented.shapes[name], name, undefined);
      return situations ? [...wrong, ...pinned(name, value, situations)] : wrong;
    }
    if (type.startsWith("'")) return value === type.slice(1, -1) ? [] : [`${at} is not ${type}`];
    assert.ok(type in words, `shapes.json has no type ${type}`);
    return words[type](value) ? [] : [`${at} is ${JSON.stringify(value)?.slice(0, 200)}, not ${type}`];
  }

  #list(value, type, at, situations) {
    if (!Array.isArray(value)) return [`${at} is no list`];
    if (type.length === 1) return value.flatMap((v) => this.#complaints(v, type[0], at, situations));
    if (value.length !== type.length) return [`${at} has ${value.length} elements, not ${type.length}`];
    return value.flatMap((v, i) => this.#complaints(v, type[i], at, situations));
  }
}

// unasked lists the documented REST endpoints that are not among a world's requests.
export function unasked(requests) {
  const names = Object.keys(documented.private).concat(Object.keys(documented.public).map((path) => `GET ${path}`));
  return names.filter((name) => {
    const [method, path] = name.split(' ');
    const pattern = new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
    return !requests.some((r) => ['public', 'private'].includes(r.host) && r.method === method && pattern.test(r.path));
  });
}

// keysOf are an object type's keys with those that it takes over.
function keysOf(type) {
  const { '...': other, ...own } = type;
  return other ? { ...keysOf(documented.shapes[other.slice(1)]), ...own } : own;
}

// pinned compares which keys that may be absent are there with those that belong to the situations.
function pinned(name, value, situations) {
  const when = documented.when[name];
  assert.ok(when && situations.every((s) => s in when), `shapes.json does not say what a ${name} has when ${situations}`);
  const want = situations.flatMap((s) => when[s]).sort();
  const got = Object.keys(keysOf(documented.shapes[name])).filter((k) => k.endsWith('?')).map((k) => k.slice(0, -1)).filter((k) => k in value).sort();
  return String(want) === String(got) ? [] : [`${name} (${situations.join(', ')}) has ${got.join(', ') || 'nothing'} of what may be absent, not ${want.join(', ') || 'nothing'}`];
}
