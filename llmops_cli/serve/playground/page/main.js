// Wires the page: the key, the models, the composer, and where the focus goes.

import { currentRelease, forgetKey, listModels, useKey } from "./connection.js";
import { Conversation } from "./conversation.js";
import { faultOfException } from "./faults.js";

const at = (id) => document.getElementById(id);
const conversation = new Conversation(at("turns"));
const asksForKey = document.body.dataset.asksForKey === "true";

function announce(words) {
  at("status").textContent = words;
}

// --- The key

function showConnect(words = "") {
  at("chat").hidden = at("tools").hidden = true;
  at("connect").hidden = false;
  at("key-error").textContent = words;
  at("key").setAttribute("aria-invalid", String(Boolean(words)));
  at("key").focus();
}

async function connect() {
  at("connect-button").disabled = true;
  try {
    showChat(await listModels());
  } catch (error) {
    const fault = faultOfException(error);
    forgetKey();
    showConnect(fault.status === 401 ? "This key is not accepted here." : wordsOf(fault));
  }
  at("connect-button").disabled = false;
}

function wordsOf(fault) {
  const facts = fault.facts.map(([label, value]) => `${label} ${value}`).join(", ");
  return facts ? `${fault.message} (${facts})` : fault.message;
}

at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(at("key").value.trim());
  at("key").value = "";
  connect();
});

at("forget").addEventListener("click", () => {
  forgetKey();
  startAnew();
  showConnect();
  announce("The key is forgotten.");
});

// --- The models

function showChat(models) {
  at("model").replaceChildren(...models.map((name) => new Option(name, name)));
  at("connect").hidden = true;
  at("chat").hidden = at("tools").hidden = false;
  at("forget").hidden = !asksForKey;
  at("message").focus();
  announce(`Connected. ${models.length} ${models.length === 1 ? "model" : "models"} to choose from.`);
}

// --- The composer

async function send() {
  const text = at("message").value.trim();
  if (!text || conversation.isAnswering) return;
  at("message").value = "";
  at("empty").hidden = true;
  fitMessage();
  showAnswering(true);
  announce("Waiting for the answer.");
  const said = conversation.say(text, {
    model: at("model").value,
    system: at("system").value.trim(),
    grown: follow,
  });
  scrollToEnd();
  const ended = await said;
  if (!ended) return;
  showAnswering(false);
  announce(ended.status);
  if (ended.fault) handle(ended.fault, text);
}

function handle(fault, text) {
  // What was not answered is not lost: it can be changed and sent again.
  if (!at("message").value) at("message").value = text;
  fitMessage();
  if (fault.status === 401) {
    forgetKey();
    showConnect("This key is not accepted any more.");
  }
}

function showAnswering(isAnswering) {
  const hadFocus = document.activeElement === at("stop") || document.activeElement === at("send");
  at("send").hidden = isAnswering;
  at("stop").hidden = !isAnswering;
  if (hadFocus) at(isAnswering ? "stop" : "message").focus();
}

function startAnew() {
  conversation.forget();
  at("empty").hidden = false;
  showAnswering(false);
}

function fitMessage() {
  const box = at("message");
  box.rows = 1;
  while (box.scrollHeight > box.clientHeight && box.rows < 8) box.rows += 1;
}

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

at("message").addEventListener("input", fitMessage);

at("message").addEventListener("keydown", (event) => {
  // While letters are being composed, as in Japanese, Enter belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && conversation.isAnswering) conversation.stop();
});

at("stop").addEventListener("click", () => conversation.stop());

at("new-chat").addEventListener("click", () => {
  startAnew();
  at("message").focus();
  announce("New chat.");
});

at("suggestions").addEventListener("click", (event) => {
  if (event.target.tagName !== "BUTTON") return;
  at("message").value = event.target.textContent;
  at("message").focus();
  send();
});

at("system").addEventListener("input", () => {
  at("system-mark").hidden = !at("system").value.trim();
});

// --- The end of the conversation stays in view, unless the reader has scrolled up.

let isAtEnd = true;

at("log").addEventListener("scroll", () => {
  const log = at("log");
  isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
});

function follow() {
  if (isAtEnd) scrollToEnd();
}

function scrollToEnd() {
  at("log").scrollTop = at("log").scrollHeight;
}

// --- The start

// A browser may keep a page that was left, and with it the key, for the way back.
window.addEventListener("pagehide", forgetKey);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

currentRelease()
  .then((name) => {
    at("release-name").textContent = name;
    at("release").hidden = !name;
  })
  .catch(() => {});

if (asksForKey) showConnect();
else connect();
