// Keeps the answer up to date with the question: the latest question only, asked again after a pause that
// grows while the server is in trouble. Knows neither what is asked nor where the answer is shown.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export class Refresh {
  #ask;
  #answered;
  #failed;
  #running = null;
  #timer = 0;
  #pause = FIRST_PAUSE_MS;

  /** `ask(signal)` gives a promise; its outcome goes to `answered`, which says whether it will do, or `failed`. */
  constructor(ask, { answered, failed }) {
    this.#ask = ask;
    this.#answered = answered;
    this.#failed = failed;
  }

  /** Whether the last question waits to be asked again. */
  get inTrouble() {
    return this.#timer !== 0;
  }

  /** Asks at once; an older question that is under way is forgotten. */
  async now() {
    this.#running?.abort();
    clearTimeout(this.#timer);
    this.#timer = 0;
    const running = new AbortController();
    this.#running = running;
    try {
      const answer = await this.#ask(running.signal);
      if (running.signal.aborted) return;
      if (this.#answered(answer)) this.#pause = FIRST_PAUSE_MS;
      else this.#askLater(0);
    } catch (trouble) {
      if (running.signal.aborted) return;
      if (trouble.passing) this.#askLater(trouble.waitMs);
      this.#failed(trouble);
    }
  }

  #askLater(atLeastMs) {
    // Pages that lost the same server must not all come back in the same instant.
    const pause = Math.max(atLeastMs, this.#pause) * (0.75 + Math.random() / 2);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => this.now(), pause);
  }
}
