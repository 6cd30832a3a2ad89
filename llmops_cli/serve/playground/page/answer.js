// One turn of the conversation on the page. Text is only ever inserted as text, never as HTML.

/** Show what the visitor said, and return nothing: it does not change any more. */
export function showQuestion(turns, text) {
  const turn = element("article", "turn mine");
  turn.append(element("h3", "who", "You"), element("p", "text", text));
  turns.append(turn);
}

/** An answer that is being given. It is read out when it is complete, not word by word. */
export class ShownAnswer {
  #started = performance.now();
  #firstText = null;
  #turn = element("article", "turn theirs");
  #text = element("p", "text");
  #facts = element("dl", "facts");
  #known = { release: "", request: "", usage: null };

  constructor(turns, model) {
    this.#turn.setAttribute("aria-busy", "true");
    this.#turn.append(element("h3", "who", model), this.#text);
    turns.append(this.#turn);
  }

  /** Take a piece of the answer, as `answerTo` yields them. */
  take(piece) {
    if (piece.text) {
      this.#firstText ??= performance.now();
      this.#text.append(piece.text);
    }
    if (piece.finish === "length") this.#note("Cut off at the limit of tokens.");
    for (const name of ["release", "request", "usage"]) this.#known[name] = piece[name] ?? this.#known[name];
  }

  get text() {
    return this.#text.textContent;
  }

  /** End it well, and return one sentence about it. */
  finish() {
    if (!this.text) this.#note("The model said nothing.");
    const total = this.#end();
    return `Answer complete after ${total}.`;
  }

  /** End it because the visitor wants no more of it. */
  stop() {
    this.#note("Stopped.");
    this.#end();
    return "Answer stopped.";
  }

  /** End it with what went wrong. */
  fail(fault) {
    const box = element("div", "fault");
    box.append(element("p", "", fault.message), factList(fault.facts));
    this.#turn.append(box);
    this.#end({ isFault: true });
    return `The answer failed. ${fault.message}`;
  }

  #note(words) {
    this.#turn.append(element("p", "remark", words));
  }

  #end({ isFault = false } = {}) {
    const total = seconds(performance.now() - this.#started);
    const { release, request, usage } = this.#known;
    const first = this.#firstText === null ? "" : seconds(this.#firstText - this.#started);
    this.#facts = factList([
      ["Release", release],
      ["First token", first],
      ["Total", total],
      ["Tokens", usage ? `${usage.prompt_tokens} in, ${usage.completion_tokens} out` : ""],
      ["Request", isFault ? "" : request],
    ]);
    this.#turn.append(this.#facts);
    this.#turn.classList.toggle("silent", !this.text);
    this.#turn.setAttribute("aria-busy", "false");
    return total;
  }
}

function factList(facts) {
  const list = element("dl", "facts");
  for (const [label, value] of facts) {
    if (!value) continue;
    const fact = element("div", "");
    fact.append(element("dt", "", label), element("dd", "", value));
    list.append(fact);
  }
  return list;
}

function seconds(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
