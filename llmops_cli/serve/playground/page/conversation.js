// The conversation: what was said so far, and the one answer that may be under way.

import { ShownAnswer, showQuestion } from "./answer.js";
import { answerTo } from "./connection.js";
import { faultOfException } from "./faults.js";

export class Conversation {
  #turns;
  #messages = [];
  #running = null;

  /** `turns` is the element that shows them. */
  constructor(turns) {
    this.#turns = turns;
  }

  get isAnswering() {
    return this.#running !== null;
  }

  /**
   * Say something and show the answer as it comes. `grown` is called whenever the page grew.
   * Returns `{ status, fault }`: a sentence for who cannot see the page, and what went wrong; or
   * null when the conversation has been forgotten meanwhile.
   * A turn that failed is not part of the conversation that the model is shown next time.
   */
  async say(text, { model, system, grown }) {
    const running = new AbortController();
    this.#running = running;
    const question = { role: "user", content: text };
    showQuestion(this.#turns, text);
    const answer = new ShownAnswer(this.#turns, model);
    grown();
    const prompt = system ? [{ role: "system", content: system }] : [];
    const told = [...prompt, ...this.#messages, question];
    const ended = await this.#receive(answer, answerTo(model, told, running.signal), running, grown);
    if (this.#running !== running) return null;
    this.#running = null;
    if (!ended.fault && answer.text) {
      this.#messages.push(question, { role: "assistant", content: answer.text });
    }
    grown();
    return ended;
  }

  async #receive(answer, pieces, running, grown) {
    let request = "";
    try {
      for await (const piece of pieces) {
        request = piece.request ?? request;
        answer.take(piece);
        grown();
      }
      return { status: answer.finish(), fault: null };
    } catch (error) {
      if (running.signal.aborted) return { status: answer.stop(), fault: null };
      const fault = faultOfException(error, request);
      return { status: answer.fail(fault), fault };
    }
  }

  /** Give up the answer that is under way, and keep what came of it. */
  stop() {
    this.#running?.abort();
  }

  /** Forget everything that was said, and give up the answer that is under way. */
  forget() {
    this.stop();
    this.#running = null;
    this.#messages = [];
    this.#turns.replaceChildren();
  }
}
