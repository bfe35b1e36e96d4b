// One order book out of depth_whole and depth_diff, by the rule of bitbank's documents ("Public stream"), in the plainest way.
export class MergedBook {
  diffs = []; // by sequence; kept until a whole has overtaken them
  book; // of the newest whole and the diffs after it
  states = []; // [sequence, asks, bids] after each step, oldest first

  whole(w) {
    const at = BigInt(w.sequenceId);
    if (this.book && at < this.book.whole) return; // an older one, out of order
    this.book = { whole: at, asks: new Map(w.asks), bids: new Map(w.bids) };
    this.diffs = this.diffs.filter((d) => BigInt(d.s) > at);
    this.#note(at);
    for (const d of this.diffs) this.#apply(d);
  }

  diff(d) {
    const s = BigInt(d.s);
    if (this.book && s <= this.book.whole) return;
    this.diffs.push(d);
    this.diffs.sort((a, b) => (BigInt(a.s) < BigInt(b.s) ? -1 : 1));
    if (this.book) this.#apply(d);
  }

  // at is the book as of a sequence id, undefined when it is not known (yet): ids have holes, so the state before counts.
  at(sequence) {
    const s = BigInt(sequence);
    if (this.states.length === 0 || this.states.at(-1)[0] < s) return undefined;
    const state = this.states.findLast((x) => x[0] <= s);
    return state && { asks: state[1], bids: state[2] };
  }

  #apply(d) {
    for (const [side, levels] of [[this.book.asks, d.a], [this.book.bids, d.b]]) {
      for (const [price, amount] of levels) Number(amount) === 0 ? side.delete(price) : side.set(price, amount);
    }
    this.#note(BigInt(d.s));
  }

  #note(sequence) {
    const sorted = (side, sign) => [...side].sort((a, b) => sign * (Number(a[0]) - Number(b[0])));
    this.states.push([sequence, sorted(this.book.asks, 1), sorted(this.book.bids, -1)]);
  }
}
