// Turns whatever went wrong into words: what happened, and under which names the log has it.

/** An answer that is an error, or the end of a stream that is one. `status` is 0 without any. */
export class Fault extends Error {
  constructor(message, { status = 0, incident = "", request = "", retryAfter = "" } = {}) {
    super(message);
    this.status = status;
    this.incident = incident || incidentIn(message);
    this.request = request;
    this.retryAfter = retryAfter;
  }

  /** The short names to look it up by, as pairs of a label and a value. */
  get facts() {
    return [
      ["Status", this.status ? String(this.status) : ""],
      ["Incident", this.incident],
      ["Request", this.request],
      ["Try again after", this.retryAfter && `${this.retryAfter} s`],
    ].filter(([, value]) => value);
  }
}

/** Read an error answer in the dialect of OpenAI, in ours, or in none. */
export async function faultOf(response) {
  const body = await jsonOf(response);
  const message = wordsOf(body) || `The server answered ${response.status}.`;
  return new Fault(message, {
    status: response.status,
    incident: textOf(body?.incident_id),
    request: response.headers.get("x-request-id") ?? "",
    retryAfter: response.headers.get("retry-after") ?? "",
  });
}

/** Read an error that came as an event of a stream. */
export function faultOfEvent(event, request) {
  const message = wordsOf(event) || "The model failed in the middle of its answer.";
  return new Fault(message, { incident: textOf(event.incident_id), request });
}

/** What an exception means: ours stay as they are, the browser's say that nothing answered. */
export function faultOfException(error, request = "") {
  if (error instanceof Fault) return error;
  if (error instanceof TypeError) {
    return new Fault("The server cannot be reached, or the connection broke off.", { request });
  }
  return new Fault(String(error?.message ?? error), { request });
}

async function jsonOf(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function wordsOf(body) {
  return textOf(body?.error?.message) || textOf(body?.message) || textOf(body?.detail)
    || textOf(body?.error);
}

function textOf(value) {
  return typeof value === "string" ? value : "";
}

function incidentIn(message) {
  return /\binc_[0-9a-f]{12}\b/.exec(message)?.[0] ?? "";
}
