// Everything that goes over the network, with the key of the visitor, which lives only here.

import { eventData } from "./events.js";
import { Fault, faultOf, faultOfEvent } from "./faults.js";

let key = "";

export function useKey(value) {
  key = value;
}

export function forgetKey() {
  key = "";
}

/** Return the names of the models. */
export async function listModels() {
  const response = await ask("v1/models");
  const listed = await response.json();
  return listed.data.map((model) => model.id);
}

/** Return the release that serves this page, or "". It needs no key. */
export async function currentRelease() {
  const response = await fetch("version");
  return response.ok ? ((await response.json()).release ?? "") : "";
}

/**
 * Ask for an answer and yield what becomes known of it, piece by piece:
 * `{ release, request }` first, then any of `{ text }`, `{ usage }` and `{ finish }`.
 */
export async function* answerTo(model, messages, signal) {
  const body = { model, messages, stream: true, stream_options: { include_usage: true } };
  const response = await ask("v1/chat/completions", {
    method: "POST",
    body: JSON.stringify(body),
    signal,
  });
  const request = response.headers.get("x-request-id") ?? "";
  yield { release: response.headers.get("x-release") ?? "", request };
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    yield* streamed(response, request);
  } else {
    yield* pieces(await response.json(), "message");
  }
}

async function* streamed(response, request) {
  let isFinished = false;
  for await (const data of eventData(response.body)) {
    if (data === "[DONE]") return;
    const chunk = parsed(data, request);
    if (chunk.error) throw faultOfEvent(chunk, request);
    for (const piece of pieces(chunk, "delta")) {
      isFinished ||= Boolean(piece.finish);
      yield piece;
    }
  }
  if (!isFinished) throw new Fault("The answer broke off before its end.", { request });
}

function* pieces(chunk, part) {
  const choice = chunk.choices?.[0];
  const text = choice?.[part]?.content;
  if (text) yield { text };
  if (choice?.finish_reason) yield { finish: choice.finish_reason };
  if (chunk.usage) yield { usage: chunk.usage };
}

function parsed(data, request) {
  try {
    return JSON.parse(data);
  } catch {
    throw new Fault("The server sent an event that is not JSON.", { request });
  }
}

async function ask(path, options = {}) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, {
    ...options,
    headers,
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "no-referrer",
  });
  if (!response.ok) throw await faultOf(response);
  return response;
}
